import * as fc from "fast-check";

import { admit } from "../../../../core/offers/admit.js";
import { type Offer, OFFER_FORMAT } from "../../../../core/offers/index.js";

const offer: Offer = {
    format: OFFER_FORMAT,
    from: "birch",
    peers: [
        { name: "editor", publicKey: "E=" },
        { name: "desk", publicKey: "D=" },
    ],
    wants: [
        { from: "editor", to: "archive", ports: ["tcp/22", "tcp/445"] },
        { from: "editor", to: "wiki" },
        { from: "editor", to: "wiki" },
        { from: "desk", to: "wiki" },
        { from: "desk", to: "payroll" },
        { from: "desk", to: "vault", ports: ["icmp"] },
    ],
    observed: [],
};

test("what is asked for and allowed is given, under names that are nobody else's", () => {
    expect(admit(offer, { grants: { archive: ["tcp/20-80"] }, services: ["wiki", "calendar"] }, "offer")).toEqual({
        peers: [
            { name: "birch-editor", publicKey: "E=" },
            { name: "birch-desk", publicKey: "D=" },
        ],
        grants: [{ from: "birch-editor", to: "archive", ports: ["tcp/22"] }],
        allow: { wiki: ["birch-editor", "birch-desk"], calendar: [] },
        refused: [
            "birch asks for access of editor to archive:tcp/445, which this program does not allow: it is not granted",
            "birch asks for access of desk to service payroll, which this program does not allow: it is not granted",
            "birch asks for access of desk to vault:icmp, which this program does not allow: it is not granted",
        ],
    });
});

test("who is not to be admitted is left out with all that was asked for it", () => {
    const { peers, grants, allow, refused } = admit(
        offer,
        { peers: ["editor"], grants: { archive: ["all"], vault: ["all"] }, services: ["wiki", "payroll"] },
        "offer",
    );
    expect(peers.map(({ name }) => name)).toEqual(["birch-editor"]);
    expect(grants).toEqual([{ from: "birch-editor", to: "archive", ports: ["tcp/22", "tcp/445"] }]);
    expect(allow).toEqual({ wiki: ["birch-editor"], payroll: [] });
    expect(refused).toEqual(["birch offers desk, which this program does not admit: it is left out"]);
});

test("without limits peers are admitted and reach nothing", () => {
    const { peers, grants, allow } = admit(offer, {}, "offer");
    expect([peers.length, grants, allow]).toEqual([2, [], {}]);
});

test("ports are given only if the limit has all of them", () => {
    const given = (asked: string, ...limit: string[]): string[] =>
        admit(
            { ...offer, wants: [{ from: "editor", to: "archive", ports: [asked] }] },
            { grants: { archive: limit } },
            "offer",
        ).grants.flatMap(({ ports }) => ports);
    for (const [asked, ...limit] of [
        ["all", "tcp/1-65535", "udp/1-65535", "icmp"],
        ["tcp/22-23", "tcp/22"],
        ["udp/22", "tcp/22"],
        ["tcp/22", "icmp"],
        ["icmp", "tcp/1-65535"],
    ] as [string, ...string[]][])
        expect(given(asked, ...limit)).toEqual([]);
    for (const [asked, ...limit] of [
        ["all", "all"],
        ["icmp", "all"],
        ["tcp/20-25", "tcp/20-22", "tcp/23-30"],
    ] as [string, ...string[]][])
        expect(given(asked, ...limit)).toEqual([asked]);
});

test("a name that is too long with the sender's before it is refused, and a limit that cannot be read", () => {
    const long = { ...offer, peers: [{ name: "e".repeat(60), publicKey: "E=" }], wants: [] };
    expect(() => admit(long, {}, "offer birch.json")).toThrow(
        /^offer birch\.json: "birch-e+" cannot be a name; use 1 to 63/,
    );
    expect(() => admit(offer, { grants: { archive: ["ssh"] } }, "offer birch.json")).toThrow(
        'offer birch.json: the limit for archive: "ssh" is not a port, a range or a protocol',
    );
});

test("whatever an offer asks for, nothing is given beyond the limits", () => {
    const place = fc.constantFrom("archive", "vault", "wiki", "payroll", "__proto__", "toString");
    const ports = fc.constantFrom("tcp/22", "tcp/1-65535", "udp/53", "icmp", "all");
    const want = fc.record(
        { from: fc.constantFrom("editor", "desk"), to: place, ports: fc.array(ports, { minLength: 1, maxLength: 3 }) },
        { requiredKeys: ["from", "to"] },
    );
    fc.assert(
        fc.property(fc.array(want, { maxLength: 10 }), (wants) => {
            const limits = { peers: ["editor"], grants: { archive: ["tcp/22", "icmp"] }, services: ["wiki"] };
            const given = admit({ ...offer, wants }, limits, "offer");
            expect(given.peers).toEqual([{ name: "birch-editor", publicKey: "E=" }]);
            for (const { from, to, ports: allowed } of given.grants) {
                expect([from, to]).toEqual(["birch-editor", "archive"]);
                expect(["tcp/22", "icmp"]).toEqual(expect.arrayContaining(allowed));
            }
            expect(Object.keys(given.allow)).toEqual(["wiki"]);
            expect(["birch-editor"]).toEqual(expect.arrayContaining(given.allow["wiki"]!));
        }),
    );
});
