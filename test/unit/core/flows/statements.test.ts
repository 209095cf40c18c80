import { statementsOf } from "../../../../core/flows/statements.js";
import { rangeFor } from "../../../../core/flows/wire.js";
import { ACCEPT, DROP, OURS, packet } from "./relays.js";

const SETS = new Map<string, readonly unknown[]>([
    [
        "m",
        [
            [22, ACCEPT],
            [{ range: [80, 90] }, { jump: { target: "sub" } }],
        ],
    ],
]);
const parsed = (...expr: object[]) => statementsOf(expr, { sets: SETS, ours: OURS });
const one = (statement: object) => {
    const [first] = parsed(statement);
    return first!;
};
const changed = (statement: object) => {
    const found = one(statement);
    if (found.kind === "change") return found.change(packet());
    if (found.kind === "verdict" && found.verdict.kind === "nat") return found.verdict.change(packet());
    throw new Error(found.kind);
};

it("ignores what changes nothing", () => {
    expect(parsed({ counter: { packets: 0, bytes: 0 } }, { log: { prefix: "x" } }, { set: { op: "add" } })).toEqual([]);
});

it.each([
    [ACCEPT, { kind: "accept" }],
    [DROP, { kind: "drop" }],
    [{ reject: { type: "tcp reset" } }, { kind: "drop" }],
    [{ return: null }, { kind: "return" }],
    [{ goto: { target: "sub" } }, { kind: "goto", target: "sub" }],
    [{ queue: { num: 1 } }, { kind: "any" }],
    [{ xt: { type: "target", name: "REJECT" } }, { kind: "drop" }],
    [{ xt: { type: "target", name: "TPROXY" } }, { kind: "any" }],
])("%j", (statement, verdict) => {
    expect(one(statement)).toEqual({ kind: "verdict", verdict });
});

it.each([{ limit: { rate: 1 } }, { xt: { type: "match", name: "conntrack" } }, { xt: null }])(
    "%j may apply or not",
    (statement) => {
        const found = one(statement);
        expect(found.kind === "condition" && found.test(packet()).met).toBeUndefined();
    },
);

it("chooses verdicts from a map", () => {
    const map = one({ vmap: { key: { payload: { protocol: "tcp", field: "dport" } }, data: "@m" } });
    const choose = (dport: number) => map.kind === "map" && map.choose(packet({ dport }));
    expect(choose(22)).toMatchObject({ met: true, verdicts: [{ kind: "accept" }] });
    expect(choose(85)).toMatchObject({ met: true, verdicts: [{ kind: "jump", target: "sub" }] });
    expect(choose(23)).toMatchObject({ met: false, verdicts: [] });
});

it("translates to an address that the rule names, and to one that is not known otherwise", () => {
    expect(changed({ dnat: { addr: "10.8.0.7", port: 80 } }).box).toMatchObject({
        daddr: rangeFor("10.8.0.7"),
        dport: [80, 80],
    });
    expect(changed({ dnat: { addr: "10.8.0.7" } }).box).toMatchObject({ daddr: rangeFor("10.8.0.7"), dport: [22, 22] });
    expect(changed({ dnat: { addr: { map: {} } } }).box).toMatchObject({ daddr: undefined, dport: undefined });
    expect(changed({ redirect: { port: 82 } })).toMatchObject({ local: true, box: { dport: [82, 82] } });
    expect(changed({ masquerade: null }).box).toMatchObject({ saddr: undefined });
});

it("follows marks and rewritten headers", () => {
    expect(changed({ mangle: { key: { meta: { key: "mark" } }, value: 5 } }).mark).toBe(5);
    expect(changed({ mangle: { key: { meta: { key: "mark" } }, value: { "|": [] } } }).mark).toBeUndefined();
    expect(
        changed({ mangle: { key: { payload: { protocol: "ip", field: "daddr" } }, value: "10.8.0.9" } }).box.daddr,
    ).toBeUndefined();
    expect(changed({ notrack: null }).state).toBe("untracked");
});
