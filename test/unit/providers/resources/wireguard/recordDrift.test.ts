import { keptPeers, rowOf } from "../../../../../core/protocol/peers.js";
import type { Answers } from "../../../../../core/protocol/steps.js";
import { desiredPeers, renderNetwork } from "../../../../../providers/resources/wireguard/desired.js";
import { resolved } from "../../../../../providers/resources/wireguard/inputs.js";
import { readWireGuardOutputs } from "../../../../../providers/resources/wireguard/outputs.js";
import { kernelDrift, publicKeysIn, recordDrift } from "../../../../../providers/resources/wireguard/recordDrift.js";
import { KEYS, peer, wireInputs } from "../relays.js";
import { dumpOf } from "./dump.js";

const args = resolved(
    wireInputs(
        {
            alice: peer("10.8.0.2", { publicKey: KEYS.alice }),
            nas: peer("10.8.0.3", {
                publicKey: KEYS.bob,
                routes: ["192.168.7.0/24"],
                expires: "2027-01-01T00:00:00Z",
            }),
        },
        { subnet: "10.8.0.0/24", routes: ["10.20.0.0/16"] },
    ),
);
const peers = desiredPeers(args);
const rows = peers.map((each) => ({ ...rowOf(each), presharedKey: true }));

type Row = (typeof rows)[number];

const dump = (presharedKeys: string[]): string =>
    dumpOf(peers.map((peer, index) => ({ ...peer, presharedKey: presharedKeys[index]! })));
const healthy = {
    interfaces: "wg0\t51820\t1\t-\n",
    files: "",
    "dump.wg0": dump(peers.map(({ presharedKey }) => presharedKey)),
    "kept.peers": keptPeers.render(rows),
    "kept.network": renderNetwork(args),
};
/** What a relay answers that does not tell these. */
const without = (...keys: (keyof typeof healthy)[]): Answers<"read"> =>
    Object.fromEntries(Object.entries(healthy).filter(([key]) => !keys.includes(key as keyof typeof healthy)));
const driftIn = (answer: Answers<"read">): [string, string][] =>
    recordDrift(args, peers, answer).map(({ kind, sentence }) => [kind, sentence]);
const drift = (more: Answers<"read">): [string, string][] => driftIn({ ...healthy, ...more });
/** The record with something else about one peer. */
const kept = (name: string, more: Partial<Row>): Answers<"read"> => ({
    "kept.peers": keptPeers.render(rows.map((row) => (row.name === name ? { ...row, ...more } : row))),
});
const differsFor = (names: string): [string, string][] => [
    [
        "record of peers",
        `the relay's record of its peers, which is loaded after a reboot, differs for ${names}; \`pulumi up --refresh\` restores it`,
    ],
];
const NETWORK = "the relay's record of its addresses, MTU and routes, which is loaded after a reboot,";

describe("the record of peers", () => {
    it("is what an apply would write, in whichever order", () => {
        expect(drift({})).toEqual([]);
        expect(drift({ "kept.peers": keptPeers.render([...rows].reverse()) })).toEqual([]);
        expect(drift(kept("nas", { allowedIps: ["192.168.7.0/24", "10.8.0.3/32"] }))).toEqual([]);
    });

    it.each<[string, Partial<Row>]>([
        ["allowed IPs", { allowedIps: ["10.8.0.3/32"] }],
        ["keepalive", { keepalive: 25 }],
        ["endpoint", { endpoint: "203.0.113.9:51820" }],
        ["expiry", { expires: undefined }],
        ["name", { name: "nas2" }],
    ])("differs for a peer with another %s", (_what, more) => {
        expect(drift(kept("nas", more))).toEqual(differsFor("nas"));
    });

    it("differs for a peer that is missing in it, or too many", () => {
        expect(drift({ "kept.peers": keptPeers.render(rows.slice(1)) })).toEqual(differsFor("alice"));
        const rogue = { ...rows[0]!, publicKey: KEYS.carol, name: "rogue" };
        expect(drift({ "kept.peers": keptPeers.render([...rows, rogue]) })).toEqual(differsFor("rogue"));
        expect(drift({ "kept.peers": "" })).toEqual(differsFor("alice and nas"));
    });

    it("knows a key that is being replaced by the name of its peer", () => {
        const expected = [...peers, { ...peers[0]!, name: "alice (former key)", publicKey: KEYS.carol }];
        const recorded = [...rows, { ...rows[0]!, publicKey: KEYS.carol }];
        const found = recordDrift(args, expected, { ...healthy, "kept.peers": keptPeers.render(recorded) });
        expect(found).toEqual([]);
    });

    it("is missing, unless the relay's program is one that does not tell it", () => {
        expect(driftIn(without("kept.peers"))).toEqual([
            ["record of peers", "the relay's record of its peers is missing; `pulumi up --refresh` writes it again"],
        ]);
        expect(driftIn(without("kept.peers", "kept.network", "files"))).toEqual([]);
    });
});

describe("the record of preshared keys", () => {
    it("names a peer whose preshared key on the interface is right but not the recorded one", () => {
        expect(drift(kept("alice", { presharedKey: false }))).toEqual([
            [
                "record of preshared keys",
                "the preshared key on the interface is not the recorded one for alice; `pulumi up --refresh` restores it",
            ],
        ]);
    });

    it("leaves out a peer whose preshared key on the interface is wrong: that is named as a difference of the interface", () => {
        const wrong = { "dump.wg0": dump([KEYS.carol, peers[1]!.presharedKey]) };
        expect(drift({ ...wrong, ...kept("alice", { presharedKey: false }) })).toEqual([]);
    });
});

describe("the record of the network", () => {
    const recorded = healthy["kept.network"];
    const differs = [["record of the network", `${NETWORK} differs; \`pulumi up --refresh\` restores it`]];

    it("is compared line by line, in whichever order", () => {
        expect(drift({ "kept.network": recorded.split("\n").reverse().join("\n") })).toEqual([]);
        expect(drift({ "kept.network": recorded.replace("mtu 1420", "mtu 1280") })).toEqual(differs);
        expect(drift({ "kept.network": recorded.replace("behind 10.20.0.0/16\n", "") })).toEqual(differs);
        expect(driftIn(without("kept.network"))).toEqual([
            ["record of the network", `${NETWORK} is gone; \`pulumi up --refresh\` restores it`],
        ]);
    });

    it("has no link group on a relay of 0.2.0 or before; another group than the relays' is a difference", () => {
        expect(recorded).toContain("\ngroup 29047\n");
        const old = recorded.replace("group 29047\n", "");
        expect(drift({ "kept.network": old })).toEqual([]);
        expect(drift({ "kept.network": old.replace("mtu 1420", "mtu 1280") })).toEqual(differs);
        expect(drift({ "kept.network": recorded.replace("group 29047", "group 0") })).toEqual(differs);
    });
});

test("a kernel setting that the relay made and something else changed is a difference, and so is a rotation's missing part", () => {
    const sysctls = "net/ipv4/conf/wg0/rp_filter\t2\t1\nnet/ipv4/ip_forward\t1\t1\n";
    expect(kernelDrift({ sysctls, rotation: "the firewall mark of wg0b is missing\n" })).toEqual([
        {
            kind: "sysctl",
            name: "net/ipv4/conf/wg0/rp_filter",
            sentence: "net/ipv4/conf/wg0/rp_filter is 1 instead of 2; `pulumi up --refresh` restores it",
        },
        {
            kind: "rotation",
            name: "the firewall mark of wg0b is missing",
            sentence:
                "the firewall mark of wg0b is missing: peers on the relay's newer key cannot be reached; `pulumi up --refresh` restores it",
        },
    ]);
    expect(kernelDrift({})).toEqual([]);
});

test("the relay's public keys are those that the last apply read back, by epoch", () => {
    const epochs = { 2: { interface: "wg0b", port: 51821, publicKey: KEYS.dave } };
    expect(publicKeysIn(readWireGuardOutputs({ epochs }))).toEqual({ 2: KEYS.dave });
    expect(publicKeysIn({})).toEqual({});
});
