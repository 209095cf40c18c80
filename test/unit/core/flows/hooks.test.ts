import { Hooks, type Passage } from "../../../../core/flows/hooks.js";
import { parseRuleset } from "../../../../core/flows/ruleset.js";
import { rangeFor } from "../../../../core/flows/wire.js";
import { ACCEPT, DROP, OURS, packet } from "./relays.js";

interface Base {
    name: string;
    family?: string;
    hook?: string;
    prio?: number;
    type?: string;
    policy?: string;
    dev?: string;
    rules?: object[][];
}

function hooks(...bases: Base[]): Hooks {
    const objects = bases.flatMap(
        ({ family = "inet", hook = "forward", prio = 0, type = "filter", policy = "accept", rules = [], ...base }) => [
            { chain: { family, table: "t", hook, prio, type, policy, ...base } },
            ...rules.map((expr) => ({ rule: { family, table: "t", chain: base.name, expr } })),
        ],
    );
    return new Hooks(parseRuleset([{ nftables: objects }], OURS));
}
const START: Passage = { verdict: "accept", packet: packet(), by: [], doubts: [] };
const passed = (of: Hooks, start = START, hook: "forward" | "prerouting" | "ingress" = "forward") =>
    of.pass(hook, [start]).map(({ verdict, by }) => [verdict, ...by.map(({ chain }) => chain)]);

it("asks the chains of a hook by priority: an accept ends one chain, a drop all", () => {
    const accepts = { name: "a", prio: 5, rules: [[ACCEPT]] };
    expect(passed(hooks(accepts, { name: "b", prio: 1 }))).toEqual([["accept", "b", "a"]]);
    expect(passed(hooks(accepts, { name: "b", prio: 9, policy: "drop" }))).toEqual([["drop", "b"]]);
    expect(passed(hooks(accepts, { name: "b", hook: "input", policy: "drop" }))).toEqual([["accept", "a"]]);
});

it("asks tables of the packet's family, and chains of a device for packets from it alone", () => {
    expect(passed(hooks({ name: "six", family: "ip6", policy: "drop" }))).toEqual([["accept"]]);
    expect(passed(hooks({ name: "four", family: "ip", policy: "drop" }))).toEqual([["drop", "four"]]);
    const ingress = (dev: string) =>
        passed(hooks({ name: "i", family: "netdev", hook: "ingress", policy: "drop", dev }), START, "ingress");
    expect([ingress("eth0"), ingress("wg0")]).toEqual([[["accept"]], [["drop", "i"]]]);
});

it("translates addresses by the first packet of a connection, and leaves answers to the kernel", () => {
    const nat = hooks({
        name: "n",
        type: "nat",
        hook: "prerouting",
        prio: -100,
        rules: [[{ match: { op: "in", left: { ct: { key: "state" } }, right: "new" } }, { redirect: { port: 1 } }]],
    });
    const established = { ...START, packet: packet({ state: "established" }) };
    expect(nat.pass("prerouting", [established])[0]?.packet).toMatchObject({ state: "established", local: true });
    const reply = { ...START, packet: packet({ state: "established", direction: "reply" }) };
    expect(nat.pass("prerouting", [reply])).toEqual([reply]);
});

it.each([
    [-300, "untracked"],
    [-150, "new"],
])("notrack at priority %i leaves the packet %s: tracking comes at -200", (prio, state) => {
    const raw = hooks({ name: "r", hook: "prerouting", prio, rules: [[{ notrack: null }]] });
    expect(raw.pass("prerouting", [START])[0]?.packet.state).toBe(state);
});

it("keeps what is undecided apart", () => {
    const unsure = hooks({ name: "u", rules: [[{ limit: { rate: 1 } }, DROP]] });
    expect(passed(unsure)).toEqual([
        ["drop", "u"],
        ["accept", "u"],
    ]);
});

it("knows no state of a packet before it is tracked", () => {
    const asks = (prio: number, right: string) => {
        const condition = { match: { op: "in", left: { ct: { key: "state" } }, right } };
        return passed(
            hooks({ name: "r", hook: "prerouting", prio, policy: "drop", rules: [[condition, ACCEPT]] }),
            START,
            "prerouting",
        );
    };
    expect([asks(-290, "new"), asks(-290, "invalid"), asks(-150, "new")]).toEqual([
        [["drop", "r"]],
        [["accept", "r"]],
        [["accept", "r"]],
    ]);
});

it("asks no other chain of a hook once one has translated a packet, and each where none has", () => {
    const chain = (name: string, prio: number, ...rules: object[][]) => ({
        ...{ name, type: "nat", hook: "prerouting", prio, rules },
    });
    const to = (addr: string): object[] => [{ dnat: { addr } }];
    const daddr = (...bases: Base[]): unknown => hooks(...bases).pass("prerouting", [START])[0]?.packet.box.daddr;
    expect(daddr(chain("a", -100, to("10.8.0.9")), chain("b", -99, to("10.8.0.3")))).toEqual(rangeFor("10.8.0.9"));
    expect(daddr(chain("a", -100, [ACCEPT]), chain("b", -99, to("10.8.0.3")))).toEqual(rangeFor("10.8.0.3"));
});

it("translates packets of the family of the address alone", () => {
    const rules = [[{ dnat: { family: "ip", addr: "10.8.0.9" } }], [DROP]];
    const both = hooks({ name: "n", type: "nat", hook: "prerouting", prio: -100, rules });
    const six = { ...START, packet: packet({ family: 6, saddr: "fd00:8::2", daddr: "fd00:8::4" }) };
    const verdicts = [START, six].map((start) => both.pass("prerouting", [start])[0]?.verdict);
    expect(verdicts).toEqual(["accept", "drop"]);
});

it("does not drop packets of a connection in a chain that is asked about its first one alone", () => {
    const nat = hooks({ name: "n", type: "nat", hook: "prerouting", prio: -100, rules: [[DROP]] });
    const established = { ...START, packet: packet({ state: "established" }) };
    expect(passed(nat, START, "prerouting")).toEqual([["drop", "n"]]);
    expect(passed(nat, established, "prerouting")).toEqual([["accept"]]);
});
