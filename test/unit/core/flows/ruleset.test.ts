import { chainKey, parseRuleset } from "../../../../core/flows/ruleset.js";
import { legacyRuleset } from "../../../../core/nftables/legacy.js";
import { ACCEPT, ACCESS, captured, findings, OURS, relayTable } from "./relays.js";

it("reads every chain that nft lists, with hook, priority, policy and rules", () => {
    const { chains, tables } = parseRuleset([{ nftables: captured("variety") }], OURS);
    expect([...tables]).toEqual(["inet t"]);
    expect(
        [...chains.values()].map(({ name, hook, type, priority, policy }) => [name, hook, type, priority, policy]),
    ).toEqual([
        ["sub", undefined, undefined, 0, "accept"],
        ["f", "forward", "filter", -5, "drop"],
        ["dn", "prerouting", "nat", -100, "accept"],
        ["pn", "postrouting", "nat", 100, "accept"],
    ]);
    expect(chains.get("inet t f")?.rules[0]).toMatchObject({ number: 1 });
});

it("gives chains of iptables-legacy the kernel's priorities", () => {
    const text =
        "*raw\n:PREROUTING ACCEPT [0:0]\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j ACCEPT\n";
    const { chains } = parseRuleset([legacyRuleset(text, "ip")], OURS);
    expect([...chains.values()].map(({ name, type, priority, policy }) => [name, type, priority, policy])).toEqual([
        ["PREROUTING", "filter", -300, "accept"],
        ["PREROUTING", "nat", -100, "accept"],
        ["POSTROUTING", "nat", 100, "accept"],
        ["FORWARD", "filter", 0, "drop"],
    ]);
});

it.each([
    ["leaves out a dormant table", ["dormant"], false],
    ["leaves out one whose flags are not known", "Lester Gooch #5", false],
    ["has a table that a program owns", ["owner", "persist"], true],
    ["has a table that a program owns, alone", "owner", true],
])("%s", (_what, flags, isThere) => {
    const place = { family: "ip", table: "x" };
    const objects = [
        { table: { family: "ip", name: "x", flags } },
        { chain: { ...place, name: "c", hook: "input", prio: 0, policy: "drop" } },
        { rule: { ...place, chain: "c", expr: [ACCEPT] } },
    ];
    expect(parseRuleset([{ nftables: objects }], OURS).chains.has(chainKey(place, "c"))).toBe(isThere);
});

describe("tables of other programs", () => {
    const TABLE = relayTable(ACCESS);

    it("Docker's: its policy drops what is forwarded, and its translation of port 8443 cannot be decided", () => {
        const found = findings([...TABLE, ...captured("docker")]);
        expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(["missing", "undecided"]));
        expect(found).toContainEqual(
            expect.objectContaining({
                ...{ kind: "missing", from: "alice", to: "nas", ports: "tcp/22, icmp", by: "grants[0]" },
                cause: "table ip filter, chain FORWARD: no rule decides about it, its policy does",
            }),
        );
        const unsure = found.find(({ kind, to }) => kind === "undecided" && to === "(relay)");
        expect(unsure).toMatchObject({ from: "alice", ports: "tcp/8443", by: "service web" });
        expect(unsure?.cause).toContain('{"xt":{"name":"addrtype","type":"match"}}');
    });

    it("ufw's: what it accepts is no reason to pass, and its extensions of iptables are named", () => {
        const found = findings([...TABLE, ...captured("ufw")]);
        expect(found.filter(({ kind }) => kind === "extra")).toEqual([]);
        expect(found.find(({ to, kind }) => to === "(relay)" && kind === "undecided")?.cause).toContain(
            "chain ufw-before-input",
        );
    });
});
