import * as fc from "fast-check";

import {
    extensionIn,
    MAX_OFFER_BYTES,
    type Offer,
    OFFER_FORMAT,
    parseOffer,
    renderOffer,
} from "../../../../core/offers/index.js";
import { TunnelError } from "../../../../core/errors.js";
import { makeLog } from "../audit/logs.js";

const key = (text: string): string => Buffer.alloc(32, text).toString("base64");
const { note } = makeLog([]).checkpoint;
const ROOT = Buffer.alloc(32, 1).toString("base64");

const offer: Offer = {
    format: OFFER_FORMAT,
    from: "birch",
    peers: [
        { name: "editor", publicKey: key("editor") },
        { name: "desk", publicKey: key("desk") },
    ],
    wants: [
        { from: "editor", to: "wiki" },
        { from: "editor", to: "archive", ports: ["tcp/22", "udp/5000-5010"] },
    ],
    log: { note, since: 1, path: [ROOT] },
    observed: [{ origin: "qp-tunnel/alder/prod/3f1c", size: 12, root: ROOT }],
};

const problems = (source: unknown): string => {
    try {
        parseOffer(source, "offer");
        return "accepted";
    } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        return error.message;
    }
};

test("what is written is what is read, and the same offer is the same text in whatever order", () => {
    const text = renderOffer(offer);
    const shuffled = { ...offer, peers: offer.peers.toReversed(), wants: offer.wants.toReversed() };
    expect(renderOffer(shuffled)).toBe(text);
    expect(renderOffer(parseOffer(text, "offer"))).toBe(text);
    // As a stack's output it is a value.
    expect(renderOffer(parseOffer(JSON.parse(text), "offer"))).toBe(text);
});

test("an offer may have peers only", () => {
    const { format, from, peers } = offer;
    expect(parseOffer({ format, from, peers }, "offer")).toEqual({ format, from, peers, wants: [], observed: [] });
});

test("the checkpoint in it is what a witness is asked for", () => {
    expect(extensionIn(offer, "offer")).toMatchObject({ old: 1, note, parsed: { size: 1 } });
    expect(extensionIn(offer, "offer").path.map((each) => Buffer.from(each).toString("base64"))).toEqual([ROOT]);
    const { log: _, ...without } = offer;
    expect(() => extensionIn(without, "offer birch.json")).toThrow(
        "offer birch.json: it has no checkpoint of a log; ask for one that is made with `qp-tunnel offer`",
    );
});

describe("refuses", () => {
    it.each<[string, unknown, string]>([
        ["what is no JSON", "hello", "offer: it is not JSON; use the unmodified output of `qp-tunnel offer`"],
        [
            "what is too long",
            " ".repeat(MAX_OFFER_BYTES + 1),
            "offer: it is longer than 1 MiB; an offer is not: ask for the file again",
        ],
        ["nothing", "null", "offer: is null; give an object"],
        ["a list", "[]", "offer: is a list, not an object; give an object"],
        [
            "another version",
            { ...offer, format: "qp-tunnel-offer/2" },
            "offer: it has the format qp-tunnel-offer/2, and this version reads qp-tunnel-offer/1; update the library here, or ask for an offer in that format",
        ],
        ["something else", { ...offer, format: "x" }, "offer.format: is not an allowed value"],
        ["what it does not know", { ...offer, routes: ["0.0.0.0/0"] }, "offer.routes: is not an argument"],
        [
            "networks of a peer",
            { ...offer, peers: [{ ...offer.peers[0], routes: ["0.0.0.0/0"] }] },
            "offer.peers[0].routes: is not an argument",
        ],
        [
            "a preshared key, without repeating it",
            { ...offer, peers: [{ ...offer.peers[0], presharedKey: key("s") }] },
            "offer.peers[0].presharedKey: is not an argument",
        ],
        [
            "a key that is none",
            { ...offer, peers: [{ name: "editor", publicKey: "AAAA" }] },
            "offer.peers[0].publicKey: is not a WireGuard public key",
        ],
        [
            "a key of low order",
            { ...offer, peers: [{ name: "editor", publicKey: Buffer.alloc(32).toString("base64") }] },
            "is a point of low order",
        ],
        ["a name that leaves a path", { ...offer, from: "../alder" }, 'offer.from: "../alder" cannot be a name'],
        [
            "a name with a terminal's escapes",
            { ...offer, from: "b\u001b[2Jirch" },
            'offer.from: "b<U+001B>[2Jirch" cannot be a name',
        ],
        [
            "names that objects have",
            { ...offer, peers: [{ name: "constructor", publicKey: key("c") }] },
            "offer.peers[0].name",
        ],
        [
            "two peers of one name",
            { ...offer, peers: [...offer.peers, { name: "Editor", publicKey: key("other") }] },
            'offer.peers: "editor" and "Editor" differ only by upper and lower case',
        ],
        [
            "two peers of one key",
            { ...offer, peers: [...offer.peers, { name: "third", publicKey: key("desk") }] },
            "offer.peers: the key of third is also the key of desk",
        ],
        [
            "a want of nobody",
            { ...offer, wants: [{ from: "alice", to: "archive", ports: ["tcp/22"] }] },
            'offer.wants[0].from: "alice" is not one of the offered peers',
        ],
        [
            "ports that are none",
            { ...offer, wants: [{ from: "editor", to: "archive", ports: ["tcp/0"] }] },
            "offer.wants[0].ports[0]",
        ],
        [
            "no ports",
            { ...offer, wants: [{ from: "editor", to: "archive", ports: [] }] },
            "offer.wants[0].ports: is too short",
        ],
        [
            "too many peers",
            { ...offer, peers: Array.from({ length: 1001 }, () => offer.peers[0]) },
            "offer.peers: is too long",
        ],
        [
            "a proof that is none",
            { ...offer, log: { note, since: 1, path: ["AAAA"] } },
            "offer.log.path[0]: is not a hash",
        ],
        ["a size that is none", { ...offer, log: { note, since: -1 } }, "offer.log.since: is too small"],
    ])("%s", (_what, source, message) => {
        expect(problems(source)).toContain(message);
        expect(problems(source)).not.toContain(key("s"));
    });

    it("any other value with an error of its own, and never crashes", () => {
        const members = Object.keys(offer);
        const damaged = fc.record(
            { member: fc.constantFrom(...members), value: fc.anything({ withNullPrototype: true }) },
            { requiredKeys: ["member"] },
        );
        fc.assert(
            fc.property(damaged, ({ member, value }) => {
                const result = problems({ ...offer, [member]: value });
                expect(result === "accepted" || result.startsWith("offer")).toBe(true);
            }),
        );
        fc.assert(fc.property(fc.anything(), (value) => expect(problems(value)).not.toBe("accepted")));
    });
});
