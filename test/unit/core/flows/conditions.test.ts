import { conditionOf, elementsOf } from "../../../../core/flows/conditions.js";
import { Split } from "../../../../core/flows/packet.js";
import { captured, elementJson, meta, OURS, packet, payload } from "./relays.js";

const SETS = new Map<string, readonly unknown[]>([
    ["ours", ["wg0"]],
    ["acl4", [elementJson("10.8.0.2 . 10.8.0.4 . tcp . 22"), elementJson("10.8.0.2 . 192.168.7.0/24 . udp . 100-200")]],
    ["numbers", [{ concat: ["10.8.0.2", "10.8.0.4", 6, 23] }]],
]);
const met = (match: { match: object }, of = packet()) =>
    conditionOf(match.match as Record<string, unknown>, { sets: SETS, ours: OURS })(of);
const concat = (...fields: [string, string][]): object => ({
    concat: fields.map(([protocol, field]) =>
        protocol === "meta" ? { meta: { key: field } } : { payload: { protocol, field } },
    ),
});
const OPENS = concat(["ip", "saddr"], ["ip", "daddr"], ["meta", "l4proto"], ["th", "dport"]);
const flags = (op: string, right: unknown, mask?: unknown) => {
    const field = { payload: { protocol: "tcp", field: "flags" } };
    return { match: { op, left: mask === undefined ? field : { "&": [field, mask] }, right } };
};

it.each([
    [meta("iifname", "@ours"), true],
    [meta("iifname", "@ours", "!="), false],
    [meta("iifname", { set: ["eth0", "wg*"] }), true],
    [meta("skuid", 0), undefined],
    [payload("ip", "saddr", { prefix: { addr: "10.8.0.0", len: 24 } }), true],
    [payload("ip", "saddr", { prefix: { addr: "10.8.0.0", len: 24 } }, "!="), false],
    [payload("ip6", "saddr", "fd00::1", "!="), false],
    [payload("udp", "dport", 22, "!="), false],
    [payload("tcp", "dport", { set: [1, { range: [20, 30] }] }), true],
    [payload("tcp", "dport", 1024, "<"), true],
    [payload("tcp", "dport", 22, "<"), false],
    [payload("tcp", "dport", 22, "<="), true],
    [payload("tcp", "dport", 22, ">"), false],
    [payload("tcp", "dport", 22, ">="), true],
    [payload("tcp", "dport", "ssh"), undefined],
    [payload("ip", "ttl", 1), undefined],
    [{ match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "new"] } }, true],
    [flags("in", "syn"), true],
    [flags("in", ["ack", "rst"]), false],
    [flags("==", "syn", ["fin", "syn", "rst", "ack"]), true],
    [flags("!", ["syn", "rst"]), false],
    [flags("==", "syn", { "|": [{ "|": ["fin", "syn"] }, "ack"] }), true],
    [flags("==", 2, ["fin", "syn"]), undefined],
    [flags("==", 0, ["fin", "rst"]), true],
    [payload("sctp", "dport", 22), false],
    [payload("sctp", "dport", 22, "!="), false],
    [payload("ip6", "hoplimit", 1, "!="), false],
    [payload("icmp", "code", 0, "!="), false],
    // Of a set it is enough to be in one element.
    [payload("tcp", "dport", { set: ["ssh", 22] }), true],
    [payload("tcp", "dport", { set: ["ssh", 23] }), undefined],
    [payload("ip", "saddr", { set: ["10.9.0.1", "*"] }), true],
    [payload("ip", "saddr", { set: ["10.9.0.1", "*"] }, "!="), false],
    [payload("ip6", "saddr", { set: ["*"] }), false],
])("%j", (match, expected) => {
    expect(met(match).met).toBe(expected);
});

it("finds an element of a set of several fields, and names it; nft without names of protocols writes numbers", () => {
    const opens = { match: { op: "==", left: OPENS, right: "@acl4" } };
    expect(met(opens)).toMatchObject({ met: true, element: "10.8.0.2 . 10.8.0.4 . tcp . 22" });
    expect(met(opens, packet({ dport: 23 })).met).toBe(false);
    expect(met(opens, packet({ proto: 17, daddr: "192.168.7.9", dport: 150 }))).toMatchObject({ met: true });
    expect(met({ match: { op: "==", left: OPENS, right: "@numbers" } }, packet({ dport: 23 }))).toMatchObject({
        met: true,
    });
});

it("takes from a map what it has for all others, where no other element is certain", () => {
    const values = (elements: unknown[], of = packet()): unknown =>
        elementsOf(
            { payload: { protocol: "tcp", field: "dport" } },
            { set: elements },
            { sets: SETS, ours: OURS },
        )?.find(of);
    const elements = [[22, "a"], [{ range: [23, 25] }, "b"], ["*", "c"]]; // prettier-ignore
    expect(values(elements)).toMatchObject({ met: true, values: ["a"] });
    expect(values(elements, packet({ dport: 80 }))).toMatchObject({ met: true, values: ["c"] });
    expect(values([["ssh", "a"], ...elements.slice(1)])).toMatchObject({ met: undefined, values: ["a", "c"] });
    expect(values(elements, packet({ proto: 17 }))).toEqual({ met: false, values: [] });
});

it("parts packets only by elements that some of them can be in", () => {
    const opens = { match: { op: "==", left: OPENS, right: "@acl4" } };
    const all = packet({ dport: 22 });
    const from = (port: number) => ({
        ...all,
        box: { ...all.box, saddr: [0n, 2n ** 32n - 1n] as const, dport: [port, port] as const },
    });
    expect(() => met(opens, from(22))).toThrow(Split);
    expect(met(opens, from(99)).met).toBe(false);
});

it("decides every condition of a listing or says that it cannot, and never throws anything but a Split", () => {
    for (const { rule } of captured("variety") as { rule?: { expr: object[] } }[])
        for (const each of rule?.expr ?? [])
            if ("match" in each) expect([true, false, undefined]).toContain(met(each as never).met);
});
