import fc from "fast-check";

import { describeRule, elementText } from "../../../../core/nftables/json.js";

const payload = (protocol: string, field: string): object => ({ payload: { protocol, field } });
const match = (left: unknown, right: unknown, op = "=="): object => ({ match: { op, left, right } });

it.each<[unknown[], string]>([
    [[{ accept: null }], "accept"],
    [
        [match({ meta: { key: "iifname" } }, "wg0"), { counter: { packets: 7, bytes: 8 } }, { drop: null }],
        "iifname wg0 counter drop",
    ],
    [[match({ meta: { key: "l4proto" } }, { set: ["udp", "tcp"] })], "meta l4proto { tcp, udp }"],
    [[match(payload("tcp", "dport"), { range: [8000, 8100] }, "!=")], "tcp dport != 8000-8100"],
    [[match(payload("ip", "saddr"), { prefix: { addr: "10.8.0.0", len: 24 } })], "ip saddr 10.8.0.0/24"],
    [[match({ ct: { key: "state" } }, "established", "in")], "ct state established"],
    [[match({ ct: { key: "saddr", dir: "original" } }, "10.8.0.1")], "ct original saddr 10.8.0.1"],
    [[match(payload("tcp", "flags"), ["syn", "ack"], "!")], "tcp flags & (syn | ack) == 0"],
    [[match({ concat: [payload("ip", "saddr"), payload("ip", "daddr")] }, "@acl4")], "ip saddr . ip daddr @acl4"],
    [
        [{ mangle: { key: { "tcp option": { name: "maxseg", field: "size" } }, value: { rt: { key: "mtu" } } } }],
        "tcp option maxseg size set rt mtu",
    ],
    [[{ set: { op: "add", set: "@seen", elem: payload("ip", "saddr") } }], "add @seen { ip saddr }"],
    [[{ reject: { type: "icmp" } }], "reject with icmp"],
])("%j reads %s", (rule, text) => {
    expect(describeRule(rule)).toBe(text);
});

it("what it does not know stays whole, whatever the order of its keys", () => {
    expect(describeRule([{ log: { prefix: "x", level: "warn" } }])).toBe('{"log":{"level":"warn","prefix":"x"}}');
    expect(describeRule([{ reject: { type: "icmp", expr: "host-unreachable" } }])).toBe(
        '{"reject":{"expr":"host-unreachable","type":"icmp"}}',
    );
    expect(describeRule([match({ ct: { key: "mark", zone: 1 } }, 7)])).toBe('{"ct":{"key":"mark","zone":1}} 7');
    expect(describeRule("nothing")).toBe("");
});

it("two rules that nft writes differently never read the same, counters aside", () => {
    const leaf = fc.oneof(fc.constantFrom("saddr", "daddr", "dport"), fc.integer({ min: 0, max: 9 }));
    const statement = fc.record({ op: fc.constantFrom("==", "!=", "<"), field: leaf, right: leaf });
    const render = (each: { op: string; field: unknown; right: unknown }): string =>
        describeRule([match({ payload: { protocol: "ip", field: each.field } }, each.right, each.op)]);
    fc.assert(
        fc.property(statement, statement, (a, b) => {
            expect(render(a) === render(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        }),
    );
});

it.each<[unknown, string]>([
    ["10.8.0.2", "10.8.0.2"],
    [
        { concat: ["10.8.0.2", { prefix: { addr: "192.168.7.0", len: 24 } }, "tcp", { range: [80, 90] }] },
        "10.8.0.2 . 192.168.7.0/24 . tcp . 80-90",
    ],
    [
        { elem: { val: { concat: ["10.8.0.2", "10.8.0.1", 17, 53] }, counter: { packets: 1 } } },
        "10.8.0.2 . 10.8.0.1 . udp . 53",
    ],
    [{ concat: ["10.8.0.2", "10.8.0.1", "6", 22] }, "10.8.0.2 . 10.8.0.1 . tcp . 22"],
    [{ concat: ["10.8.0.6", "10.8.0.17"] }, "10.8.0.6 . 10.8.0.17"],
])("the element %j reads %s", (element, text) => {
    expect(elementText(element)).toBe(text);
});
