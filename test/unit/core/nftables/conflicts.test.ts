import * as fc from "fast-check";

import { conflicts, type Surroundings } from "../../../../core/nftables/index.js";
import { keyOf } from "../../../../core/nftables/conditions.js";
import { follow } from "../../../../core/nftables/verdict.js";

const meta = (key: string, right: unknown, op = "==") => ({ match: { op, left: { meta: { key } }, right } });
const payload = (protocol: string, field: string, right: unknown) => ({
    match: { op: "==", left: { payload: { protocol, field } }, right },
});
const ACCEPT = { accept: null };
const DROP = { drop: null };

/** A base chain and its rules, as `nft -j` lists them. */
function table(hook: string, policy: string, rules: object[][], more: object = {}, family = "inet"): object {
    const place = { family, table: "mine" };
    return {
        nftables: [
            { chain: { ...place, name: "c", hook, policy, ...more } },
            ...rules.map((expr) => ({ rule: { ...place, chain: "c", expr } })),
        ],
    };
}

const OWN: Surroundings = {
    tables: ["qp"],
    interfaces: ["wg0"],
    ports: [51820],
    subnets: ["10.8.0.0/24"],
};

describe("a chain that lets the relay's packets through", () => {
    const outer = [payload("udp", "dport", 51820), ACCEPT];
    test.each<[string, object[]]>([
        ["a set of interfaces", [meta("iifname", { set: ["lo", "wg0"] }), ACCEPT]],
        ["a beginning of the name", [meta("iifname", "wg*"), ACCEPT]],
        ["the interface's index", [meta("iif", "wg0"), ACCEPT]],
        ["its addresses", [payload("ip", "saddr", { prefix: { addr: "10.8.0.0", len: 16 } }), ACCEPT]],
        ["a range of addresses", [payload("ip", "saddr", { range: ["10.8.0.0", "10.8.1.255"] }), ACCEPT]],
        ["every interface but others", [meta("iifname", { set: ["eth0", "eth1"] }, "!="), ACCEPT]],
        ["a verdict map", [{ vmap: { key: { meta: { key: "iifname" } }, data: { set: [["wg0", ACCEPT]] } } }]],
    ])("by %s", (_how, rule) => {
        expect(conflicts(table("input", "drop", [rule, outer]), OWN)).toEqual([]);
        const [sentence] = conflicts(table("input", "drop", [outer]), OWN);
        expect(sentence).toBe(
            "table inet mine, chain c (hook input) drops by policy what the relay's own table accepts; accept packets from wg0, and the tunnel's own UDP port, in c",
        );
    });

    test("the table of another relay, which begins with its own interfaces", () => {
        const other = table("forward", "accept", [
            [meta("iifname", "@ours", "!="), meta("oifname", "@ours", "!="), ACCEPT],
            [DROP],
        ]) as { nftables: object[] };
        other.nftables.push({ set: { family: "inet", table: "mine", name: "ours", elem: ["wg1"] } });
        expect(conflicts(other, OWN)).toEqual([]);
        expect(conflicts(other, { ...OWN, interfaces: ["wg1"] })).toHaveLength(1);
    });
});

describe("a chain that stops them", () => {
    test.each<[string, object, string]>([
        [
            "forwarding is closed later",
            table("forward", "drop", [], {}, "ip"),
            "table ip mine, chain c (hook forward) drops by policy what the relay's own table accepts; accept packets from and to wg0 in c",
        ],
        [
            "the raw table",
            table(
                "prerouting",
                "accept",
                [[payload("ip", "saddr", { prefix: { addr: "10.0.0.0", len: 8 } }), DROP]],
                {},
                "ip",
            ),
            "table ip mine, chain c (hook prerouting) drops what the relay's own table accepts; remove that rule, or except wg0 from it",
        ],
        [
            "one peer's address",
            table("prerouting", "accept", [[payload("ip", "saddr", "10.8.0.7"), DROP]]),
            "table inet mine, chain c (hook prerouting) drops a part of what the relay's own table accepts; remove that rule, or except wg0 from it",
        ],
        [
            "what comes in by a device",
            table("ingress", "accept", [[payload("udp", "dport", 51820), DROP]], { dev: "eth0" }, "netdev"),
            "table netdev mine, chain c (hook ingress) drops packets to the tunnel's own UDP port; accept the tunnel's own UDP port in c",
        ],
        [
            "what goes out",
            table("output", "accept", [[meta("oifname", "wg*"), DROP]]),
            "table inet mine, chain c (hook output) drops what the relay's own table accepts; remove that rule, or except wg0 from it",
        ],
    ])("%s", (_name, json, sentence) => {
        expect(conflicts(json, OWN)).toEqual([sentence]);
    });

    test("a device that is not the relay's, and conditions of others", () => {
        expect(conflicts(table("ingress", "accept", [[DROP]], { dev: "lo" }, "netdev"), OWN)).toEqual([]);
        const rules = [
            [meta("iifname", "eth0"), DROP],
            [payload("ip", "saddr", "@blocked"), DROP],
            [payload("ip", "saddr", { prefix: { addr: "10.9.0.0", len: 16 } }), DROP],
            [payload("tcp", "dport", 25), DROP],
        ];
        for (const hook of ["prerouting", "input", "forward", "output", "postrouting"])
            expect(conflicts(table(hook, "accept", rules), OWN)).toEqual([]);
    });
});

describe("tables of iptables-legacy", () => {
    const save = `# Generated
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -s 10.8.0.0/24 -m comment --comment "no tunnel" -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [3:180]
:mine - [0:0]
[0:0] -A INPUT -i wg+ -j ACCEPT
-A INPUT -p udp -m udp --dport 51820 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD ! -i eth0 -j mine
-A mine -j REJECT --reject-with icmp-port-unreachable
COMMIT
`;

    test("are read as nft's are", () => {
        expect(conflicts([], { ...OWN, legacy: { ip: save } })).toEqual([
            "table ip raw (iptables-legacy), chain PREROUTING (hook prerouting) drops what the relay's own table accepts; remove that rule, or except wg0 from it",
            "table ip filter (iptables-legacy), chain FORWARD (hook forward) drops what the relay's own table accepts; remove that rule, or except wg0 from it",
        ]);
    });

    test("are named when nobody can list them", () => {
        expect(conflicts([], { ...OWN, unread: ["ip filter"] })).toEqual([
            expect.stringContaining("tables of iptables-legacy are loaded (ip filter) and cannot be listed"),
        ]);
    });
});

/** Rules over interface names, and what they say of one: written down a second time, by hand. */
interface Sketch {
    names: string[];
    wildcard: boolean;
    negated: boolean;
    key: "iifname" | "oifname" | "none";
    verdict: "accept" | "drop" | "return" | "jump" | "count";
}

const NAMES = ["wg0", "wg1", "eth0", "lo", "w"];

const sketch = fc.record<Sketch>({
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
    wildcard: fc.boolean(),
    negated: fc.boolean(),
    key: fc.constantFrom("iifname", "oifname", "none"),
    verdict: fc.constantFrom("accept", "drop", "return", "jump", "count"),
});

function written({ names, wildcard, negated, key, verdict }: Sketch, target: string): object[] {
    const patterns = names.map((name) => (wildcard ? `${name}*` : name));
    const right = patterns.length === 1 ? patterns[0] : { set: patterns };
    const statement =
        verdict === "jump" ? { jump: { target } } : verdict === "count" ? { counter: {} } : { [verdict]: null };
    return [...(key === "none" ? [] : [meta(key, right, negated ? "!=" : "==")]), statement];
}

/** What the rules do with a packet between two interfaces. */
function oracle(chains: Sketch[][], at: number, iif: string, oif: string): string {
    for (const { names, wildcard, negated, key, verdict } of chains[at]!) {
        if (key !== "none") {
            const device = key === "iifname" ? iif : oif;
            const hit = names.some((name) => (wildcard ? device.indexOf(name) === 0 : device === name));
            if (hit === negated) continue;
        }
        if (verdict === "accept" || verdict === "drop") return verdict;
        if (verdict === "return") return "continue";
        if (verdict === "jump" && at + 1 < chains.length) {
            const inner = oracle(chains, at + 1, iif, oif);
            if (inner !== "continue") return inner;
        }
    }
    return "continue";
}

test("a verdict on an interface is what the rules say of it, one after the other", () => {
    fc.assert(
        fc.property(
            fc.array(fc.array(sketch, { maxLength: 5 }), { minLength: 3, maxLength: 3 }),
            fc.constantFrom("wg0", "wg1"),
            fc.constantFrom("wg0", "wg1"),
            (chains, iif, oif) => {
                const place = { family: "inet", table: "t", chain: "0" };
                const rules = chains.map((list, at): [string, { expr: unknown }[]] => [
                    keyOf(place, String(at)),
                    list.map((each) => ({ expr: written(each, String(at + 1)) })),
                ]);
                const flow = { iif, oif, state: "new", family: 4 } as const;
                const verdict = follow(flow, place, { chains: new Map(rules), sets: new Map() });
                expect(verdict.kind).toBe(oracle(chains, 0, iif, oif));
                // Nothing was unknown.
                expect([...verdict.some]).toEqual([]);
            },
        ),
        { numRuns: 2000 },
    );
});
