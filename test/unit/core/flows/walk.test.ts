import { parseRuleset } from "../../../../core/flows/ruleset.js";
import { follow } from "../../../../core/flows/walk.js";
import { ACCEPT, DROP, meta, OURS, packet, payload } from "./relays.js";

const PLACE = { family: "inet", table: "t" };
const LIMIT = { limit: { rate: 1 } };
const jump = (target: string) => ({ jump: { target } });

/** Follows a packet through a base chain "f"; the other chains by name. */
function outcomes(rules: object[][], others: Record<string, object[][]> = {}, policy = "drop") {
    const chains = { f: rules, ...others };
    const objects = [
        ...Object.keys(chains).map((name) => ({
            chain: { ...PLACE, name, ...(name === "f" ? { type: "filter", hook: "forward", prio: 0, policy } : {}) },
        })),
        ...Object.entries(chains).flatMap(([chain, each]) => each.map((expr) => ({ rule: { ...PLACE, chain, expr } }))),
    ];
    const { chains: parsed } = parseRuleset([{ nftables: objects }], OURS);
    return follow(parsed.get("inet t f")!, packet(), parsed).map(({ verdict, by, doubts }) => [
        verdict,
        by.rule?.number ?? "policy",
        doubts.length,
    ]);
}

it("ends at the first verdict, or with the policy", () => {
    expect(outcomes([[payload("tcp", "dport", 23), DROP], [ACCEPT], [DROP]])).toEqual([["accept", 2, 0]]);
    expect(outcomes([[payload("tcp", "dport", 23), ACCEPT]])).toEqual([["drop", "policy", 0]]);
});

it("returns from a chain that it jumped to, and not from one that it went to", () => {
    expect(outcomes([[jump("a")], [ACCEPT]], { a: [[{ return: null }], [DROP]] })).toEqual([["accept", 2, 0]]);
    expect(outcomes([[jump("a")], [ACCEPT]], { a: [] })).toEqual([["accept", 2, 0]]);
    expect(outcomes([[{ goto: { target: "a" } }], [ACCEPT]], { a: [] })).toEqual([["drop", "policy", 0]]);
    expect(outcomes([[jump("a")], [ACCEPT]], { a: [[{ goto: { target: "b" } }], [DROP]], b: [] })).toEqual([
        ["accept", 2, 0],
    ]);
    expect(outcomes([[{ return: null }], [ACCEPT]])).toEqual([["drop", "policy", 0]]);
});

it("has each outcome that a rule allows of which it is not known whether it applies", () => {
    expect(outcomes([[LIMIT, ACCEPT]])).toEqual([
        ["accept", 1, 1],
        ["drop", "policy", 1],
    ]);
    expect(outcomes([[LIMIT, DROP]])).toEqual([["drop", 1, 1]]);
    expect(outcomes([[LIMIT, jump("a")]], { a: [[ACCEPT]] })).toEqual([
        ["accept", 1, 1],
        ["drop", "policy", 1],
    ]);
    expect(outcomes([[{ queue: {} }]], {}, "accept").map(([verdict]) => verdict)).toEqual(["accept", "drop", "accept"]);
});

it("is not certain of anything where too much is unknown or a chain is missing", () => {
    const many = Array.from({ length: 40 }, () => [LIMIT, jump("a")]);
    expect(new Set(outcomes(many, { a: [[LIMIT, ACCEPT]] }).map(([verdict]) => verdict))).toEqual(
        new Set(["accept", "drop"]),
    );
    expect(outcomes([[jump("gone")]]).map(([verdict]) => verdict)).toEqual(["accept", "drop"]);
});

it("keeps what a rule changed before a condition that is not met", () => {
    const mark = (value: number) => ({ mangle: { key: { meta: { key: "mark" } }, value } });
    const marked = [meta("mark", 5), ACCEPT];
    expect(outcomes([[mark(5), payload("tcp", "dport", 23), DROP], marked])).toEqual([["accept", 2, 0]]);
    expect(outcomes([[payload("tcp", "dport", 23), mark(5), DROP], marked])).toEqual([["drop", "policy", 0]]);
    // Where it is not known how far a rule got.
    expect(outcomes([[mark(5), LIMIT, mark(6), payload("tcp", "dport", 23), DROP], marked])).toEqual([
        ["accept", 2, 1],
        ["drop", "policy", 1],
    ]);
});
