import { chosen, ELSEWHERE, type Flow, keyOf, meets, type Ruleset } from "../../../../core/nftables/conditions.js";

const place = { family: "inet", table: "filter", chain: "input" };
const flow: Flow = { state: "new", family: 4, iif: "wg0", source: "10.8.0.0/24", udp: { destination: 51820 } };
const sets = new Map<string, unknown[]>([[keyOf(place, "known"), ["wg0", "eth0"]]]);
const ruleset: Ruleset = { chains: new Map(), sets, relays: new Set(["wg9"]) };
const meta = (key: string) => ({ meta: { key } });
const ip = (field: string) => ({ payload: { protocol: "ip", field } });
const met = (left: object, right: unknown, op = "==", of: Flow = flow) =>
    meets({ op, left, right }, of, place, ruleset);

it.each<[string, object, unknown, boolean | undefined]>([
    ["its interface", meta("iifname"), "wg0", true],
    ["the beginning of its name", meta("iifname"), "wg*", true],
    ["another interface", meta("iifname"), "eth0", false],
    ["the link group of relays", meta("iifgroup"), 29_047, true],
    ["another link group", meta("iifgroup"), 7, undefined],
    ["a list with it", meta("iifname"), { set: ["eth0", "wg0"] }, true],
    ["a set with it", meta("iifname"), "@known", true],
    ["a set of which nothing is known", meta("iifname"), "@other", undefined],
    ["its network", ip("saddr"), { prefix: { addr: "10.0.0.0", len: 8 } }, true],
    ["a part of its network", ip("saddr"), "10.8.0.7", undefined],
    ["another network", ip("saddr"), { prefix: { addr: "192.168.0.0", len: 16 } }, false],
    ["addresses from and to", ip("saddr"), { range: ["10.7.0.0", "10.9.0.0"] }, true],
    ["the other family", { payload: { protocol: "ip6", field: "saddr" } }, "fd00::1", false],
    ["where it goes, of which nothing is known", ip("daddr"), "10.8.0.1", undefined],
    ["its port", { payload: { protocol: "udp", field: "dport" } }, 51820, true],
    ["ports with it", { payload: { protocol: "udp", field: "dport" } }, { range: [50000, 60000] }, true],
    ["a port of TCP", { payload: { protocol: "tcp", field: "dport" } }, 51820, false],
    ["a mark", meta("mark"), 1, undefined],
])("a packet and %s", (_, left, right, expected) => {
    expect(met(left, right)).toBe(expected);
    // What is not known stays so when it is turned round.
    expect(met(left, right, "!=")).toBe(expected === undefined ? undefined : !expected);
});

it("an interface that is not the relay's is neither lo nor another relay's; any other it may be", () => {
    const outside = { ...flow, iif: ELSEWHERE };
    const of = (right: string) => met(meta("iifname"), right, "==", outside);
    expect([of("lo"), of("wg9"), of("eth0"), of("*")]).toEqual([false, false, undefined, true]);
});

it("a map's verdict is known, none, or not known", () => {
    const map = (...set: [unknown, string][]) => ({ key: meta("iifname"), data: { set } });
    expect(chosen(map(["eth0", "a"], ["wg0", "b"]), flow, place, ruleset)).toBe("b");
    expect(chosen(map(["eth0", "a"]), flow, place, ruleset)).toBeNull();
    expect(chosen(map(["@other", "a"]), flow, place, ruleset)).toBeUndefined();
    expect(chosen({ key: meta("iifname"), data: "@map" }, flow, place, ruleset)).toBeUndefined();
});
