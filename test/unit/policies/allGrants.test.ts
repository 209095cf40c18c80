import { allGrants } from "../../../policies/allGrants.js";
import { analyzed, saidOf } from "./analyzed.js";

const said = (rules: object, except: string[] = [], more = {}): string[] =>
    saidOf(allGrants, analyzed("Grants", { rules, ...more }), { except });

const RULES = {
    alice: ["10.8.0.2 -> 10.8.0.3 tcp/22", "10.8.0.2 -> 10.8.0.3 icmp"],
    bob: ["10.8.0.3 -> 192.168.9.0/24 all", "fd00::3 -> fd01::/64 all"],
};

test("grants with ports are accepted", () => {
    expect(said({ alice: RULES.alice })).toEqual([]);
    expect(said({})).toEqual([]);
});

test("a grant of everything is refused, for each destination", () => {
    expect(said(RULES)).toEqual([
        'relay office: a grant allows bob all protocols and ports of 192.168.9.0/24; list the ports that it needs, "tcp/22" for example',
        'relay office: a grant allows bob all protocols and ports of fd01::/64; list the ports that it needs, "tcp/22" for example',
    ]);
});

test("the rules in a script are looked at as well", () => {
    expect(saidOf(allGrants, analyzed("Script", { rules: RULES }), { except: [] })).toHaveLength(2);
});

test("exceptions are left out, and so is the copy of the rules on a managed peer", () => {
    expect(said(RULES, ["b*"])).toEqual([]);
    expect(said(RULES, [], { role: "leaf" })).toEqual([]);
});
