import { presharedKeys } from "../../../policies/presharedKeys.js";
import { analyzed, saidOf } from "./analyzed.js";

const KEY = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
const said = (given: object, except: string[] = [], more = {}): string[] =>
    saidOf(presharedKeys, analyzed("WireGuard", { presharedKeys: given, ...more }), { except });

test("derived and given keys are accepted", () => {
    expect(said({})).toEqual([]);
    expect(said({ alice: KEY })).toEqual([]);
});

test("a peer without one is refused, and no key is printed", () => {
    expect(said({ alice: KEY, bob: "none" })).toEqual([
        'relay office: peer bob has no preshared key; remove presharedKey: "none", and the relay derives one',
    ]);
});

test("exceptions are left out, and so is the same key on a managed peer", () => {
    expect(said({ bob: "none" }, ["bob"])).toEqual([]);
    expect(said({ office: "none" }, [], { role: "leaf" })).toEqual([]);
});
