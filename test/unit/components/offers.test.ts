import * as pulumi from "@pulumi/pulumi";

import { AuditSink, hosts, makeOffer, type OfferArgs, Peer, readOffer, Relay } from "../../../components/index.js";
import { runProgram } from "../program.js";

const key = (text: string): string => Buffer.alloc(32, text).toString("base64");

const birch = {
    format: "qp-tunnel-offer/1",
    from: "birch",
    peers: [{ name: "editor", publicKey: key("editor") }],
    wants: [
        { from: "editor", to: "archive", ports: ["tcp/22", "tcp/445"] },
        { from: "editor", to: "wiki" },
    ],
};

async function offered(args: (peer: Peer) => OfferArgs): Promise<unknown> {
    const { outputs } = await runProgram(() => ({ offer: makeOffer(args(new Peer("archive"))) }));
    return outputs.offer;
}

test("an offer has names, public keys and wants, and nothing that is secret", async () => {
    const offer = await offered((archive) => ({
        peers: [archive, { name: "desk", publicKey: key("desk"), presharedKey: key("secret") }],
        wants: [
            { from: archive, to: "nas", ports: ["tcp/22"] },
            { from: "desk", to: "wiki" },
        ],
        checkpoint: pulumi.output({ size: 3, note: "the note" }),
    }));
    expect(offer).toEqual({
        format: "qp-tunnel-offer/1",
        from: "office",
        peers: [
            { name: "archive", publicKey: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=" },
            { name: "desk", publicKey: key("desk") },
        ],
        wants: [
            { from: "archive", to: "nas", ports: ["tcp/22"] },
            { from: "desk", to: "wiki" },
        ],
        observed: [],
        log: { note: "the note" },
    });
});

test("a want of a peer that is not offered is refused at once, also while keys are not known", () => {
    const publicKey = pulumi.output(new Promise<string>(() => undefined));
    const peers = ["archive", "desk"].map((name) => ({ name, publicKey }));
    const refused = (args: Partial<OfferArgs>) => () => makeOffer({ from: "alder", peers, ...args });
    expect(refused({ wants: [{ from: "bob", to: "nas", ports: ["icmp"] }] })).toThrow(
        'offer.wants[0].from: "bob" is not one of the offered peers; ask for a corrected offer',
    );
    expect(refused({ from: "no name" })).toThrow('offer.from: "no name" cannot be a name');
    expect(refused({})).not.toThrow();
});

test("what a received offer asks for becomes peers and access rules of a relay, as far as it is allowed", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockImplementation(() => Promise.resolve());
    const { registered } = await runProgram(() => {
        const { peers, grants, allow } = readOffer(JSON.stringify(birch), {
            from: "birch",
            grants: { archive: ["tcp/22"] },
            services: ["wiki"],
        });
        expect(allow.wiki).toEqual(["birch-editor"]);
        const archive = new Peer("archive", { publicKey: key("archive") });
        new Relay("relay", {
            ...{ host: hosts.local(), audit: new AuditSink("audit"), endpoint: "192.0.2.1" },
            ...{ peers: [archive, ...peers], grants },
        });
        return {};
    });
    const rules = registered.find(({ type }) => type === "qptunnel:index:Grants")?.inputs["rules"];
    expect(rules).toEqual({ "birch-editor": ["10.8.0.3 -> 10.8.0.2 tcp/22"] });
    expect(warn.mock.calls).toEqual([
        ["birch asks for access of editor to archive:tcp/445, which this program does not allow: it is not granted"],
    ]);
    warn.mockRestore();
});

test.each<[string, () => unknown, string]>([
    [
        "another's offer",
        () => ({ ...birch, from: "cedar" }),
        "offer of birch: it is the offer of cedar; give the right file, or correct `from`",
    ],
    [
        "an Output",
        () => pulumi.output(birch),
        "offer of birch: is an Output, but names of peers must be known when the program runs",
    ],
    ["nothing", () => undefined, "offer of birch: is missing; ask for it"],
    [
        "what is no offer",
        () => ({ ...birch, peers: [{ name: "editor" }] }),
        "offer of birch.peers[0].publicKey: is missing",
    ],
])("refuses %s", (_what, source, message) => {
    expect(() => readOffer(source(), { from: "birch" })).toThrow(message);
});
