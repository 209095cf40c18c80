import { type Flow, keyOf, type Rule, type Ruleset } from "../../../../core/nftables/conditions.js";
import { follow } from "../../../../core/nftables/verdict.js";

const place = { family: "inet", table: "filter", chain: "input" };
const flow: Flow = { state: "new", family: 4, iif: "wg0", source: "10.8.0.0/24" };
const ct = (state: string) => ({ match: { op: "==", left: { ct: { key: "state" } }, right: state } });
const iif = (name: string) => ({ match: { op: "==", left: { meta: { key: "iifname" } }, right: name } });
/** What nobody can know before there is a packet. */
const mark = { match: { op: "==", left: { meta: { key: "mark" } }, right: 1 } };
const accept = { accept: null };
const drop = { drop: null };

function through(rules: unknown[][], others: Record<string, unknown[][]> = {}, of: Flow = flow) {
    const chains = Object.entries({ input: rules, ...others }).map(([name, list]): [string, Rule[]] => [
        keyOf(place, name),
        list.map((expr) => ({ expr })),
    ]);
    const ruleset: Ruleset = { chains: new Map(chains), sets: new Map() };
    const { kind, some, atEnd } = follow(of, place, ruleset);
    return { kind, some: [...some], ...(atEnd === undefined ? {} : { atEnd }) };
}

it("the first rule that certainly matches decides", () => {
    expect(through([[ct("established"), drop], [accept], [drop]])).toEqual({ kind: "accept", some: [], atEnd: false });
    expect(through([[ct("new"), drop]])).toMatchObject({ kind: "drop", atEnd: false });
    expect(through([[ct("established"), accept], [drop]])).toMatchObject({ kind: "drop", atEnd: true });
    expect(through([])).toEqual({ kind: "continue", some: [] });
});

it("an unknown condition makes a rule uncertain: some of what is the relay's may be dropped", () => {
    expect(through([[mark, drop]])).toEqual({ kind: "continue", some: [] });
    expect(through([[iif("wg0"), mark, drop]])).toEqual({ kind: "continue", some: ["drop"] });
    expect(through([[{ limit: { rate: 1 } }, drop]])).toMatchObject({ kind: "continue" });
});

it("a jump returns, a goto does not", () => {
    const others = { aside: [[ct("established"), accept]] };
    expect(through([[{ jump: { target: "aside" } }], [drop]], others)).toMatchObject({ kind: "drop" });
    expect(through([[{ goto: { target: "aside" } }], [drop]], others)).toMatchObject({ kind: "continue" });
    expect(through([[{ jump: { target: "aside" } }], [drop]], { aside: [[{ return: null }], [accept]] })).toMatchObject(
        {
            kind: "drop",
        },
    );
    expect(through([[{ jump: { target: "input" } }], [drop]])).toMatchObject({ kind: "drop" });
});

describe("a verdict map", () => {
    const vmap = (...pairs: [string, object][]) => ({
        vmap: { key: { ct: { key: "state" } }, data: { set: pairs } },
    });

    it("gives the verdict of the packet's own value", () => {
        expect(through([[vmap(["established", accept], ["new", drop])]])).toMatchObject({ kind: "drop" });
        expect(through([[vmap(["established", drop])], [accept]])).toMatchObject({ kind: "accept" });
    });

    it("behind an unknown condition is as uncertain as that", () => {
        expect(through([[mark, vmap(["new", drop])], [accept]])).toMatchObject({ kind: "accept" });
        expect(through([[iif("wg0"), mark, vmap(["new", drop])]])).toEqual({ kind: "continue", some: ["drop"] });
    });
});
