import { liveRelay } from "../../../../providers/hosts/flows.js";
import { KEYS } from "../resources/relays.js";

const known = (publicKey: string, address: string, listed = true) => ({ listed, publicKey, addresses: [address] });
const ASKED = {
    names: { appName: "corp", interface: "wg0" },
    peers: { alice: known(KEYS.alice, "10.8.0.2"), bob: known(KEYS.bob, "10.8.0.3", false) },
    routes: {},
    own: ["10.8.0.1"],
};
const chain = (table: string): object => ({
    chain: { family: "inet", table, name: "f", type: "filter", hook: "forward", prio: 0, policy: "drop" },
});
const peer = (key: string, allowedIps: string): string => `${key}\t(none)\t(none)\t${allowedIps}\t0\t0\t0\toff\n`;
const ANSWER = {
    host: "machine\tm\naddress\t198.51.100.2\n",
    ours: "interface\twg0\t51820\nsubnet\t10.8.0.0/24\n",
    interfaces: `wg0\t51820\t1\t${KEYS.dave}\n`,
    "dump.wg0": `(none)\t${KEYS.dave}\t51820\toff\n${peer(KEYS.alice, "10.8.0.2/32")}${peer(KEYS.bob, "10.8.0.3/32")}${peer(KEYS.carol, "10.8.0.9/32")}`,
    "network.wg0": "address 10.8.0.1/24\naddress fe80::1/64\naddress fd00:8::1/64\n",
    nft: JSON.stringify({
        nftables: [
            { table: { family: "inet", name: "corp_wg0" } },
            chain("corp_wg0"),
            { set: { family: "inet", table: "corp_wg0", name: "behind", type: "ifname", elem: ["lan"] } },
        ],
    }),
    ruleset: `${JSON.stringify({ nftables: [chain("hand")] })}\n`,
};

it("puts a relay's answer together: every table, who has which addresses, and what leads where", () => {
    const { wire, ruleset, exists, behind, others, unread, expired } = liveRelay(ASKED, ANSWER);
    expect([...ruleset.chains.keys()]).toEqual(["inet corp_wg0 f", "inet hand f"]);
    expect({ ...wire, peers: wire.peers.map(({ name, allowedIps }) => [name, ...allowedIps]) }).toEqual({
        ...{ interfaces: ["wg0"], own: ["10.8.0.1", "fd00:8::1"], subnets: ["10.8.0.0/24"], machine: ["198.51.100.2"] },
        peers: [
            ["alice", "10.8.0.2/32"],
            ["bob (revoked)", "10.8.0.3/32"],
            [expect.stringMatching(/^unknown peer SHA256:/), "10.8.0.9/32"],
        ],
    });
    expect({ exists, behind, others, unread, expired }).toEqual({
        exists: true,
        behind: ["lan"],
        others: ["lan"],
        unread: [],
        expired: [],
    });
});

it("knows when the relay's table is gone, and what it could not read", () => {
    const { nft: _gone, ...rest } = ANSWER;
    const answer = { ...rest, "legacy.unread": "filter\n", expired: `${KEYS.alice}\t1767225600\talice\t10.8.0.2\n` };
    const { exists, unread, expired } = liveRelay(ASKED, answer);
    expect(exists).toBe(false);
    expect(expired).toEqual(["10.8.0.2"]);
    expect(unread).toMatchObject([
        { kind: "undecided", cause: "tables of iptables-legacy are loaded and cannot be listed: filter" },
    ]);
});

it("follows what iptables-legacy has, too", () => {
    const { ruleset } = liveRelay(ASKED, { ...ANSWER, "legacy.ip": "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n" });
    expect(ruleset.chains.get("ip filter (iptables-legacy) FORWARD")?.policy).toBe("drop");
});

it("names a table of which nft 1.0.6 writes a byte of its memory", () => {
    const broken = '{"nftables": [{"table": {"family": "inet", "name": "owned", "handle": 1, "flags": \u0001\n"}}]}\n';
    const { unread, ruleset } = liveRelay(ASKED, { ...ANSWER, ruleset: `${broken}${ANSWER.ruleset}` });
    expect(unread).toMatchObject([
        { kind: "undecided", cause: "table inet owned cannot be read: nft writes no valid JSON of it" },
    ]);
    expect([...ruleset.chains.keys()]).toContain("inet hand f");
});
