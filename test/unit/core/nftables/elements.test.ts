import * as fc from "fast-check";
import { parseRule } from "../../../../core/access/index.js";
import { contains } from "../../../../core/addresses/index.js";
import type { AccessRule } from "../../../../core/registry/model.js";
import { SET_NAMES, type SetElements, elementsOf, renderElements } from "../../../../core/nftables/index.js";

const EMPTY = Object.fromEntries(SET_NAMES.map((set) => [set, []])) as unknown as SetElements;

function elements(...rules: string[]): Partial<SetElements> {
    return Object.fromEntries(Object.entries(elementsOf(rules.map(parseRule))).filter(([, found]) => found.length > 0));
}

describe("elementsOf", () => {
    test("one host and one port are exact, everything else has its own set", () => {
        expect(
            elements(
                "10.8.0.2 -> 10.8.0.1 tcp/8443",
                "10.8.0.2 -> 10.8.0.1 tcp/8443",
                "10.8.0.2 -> 192.168.7.9/32 udp/53",
                "10.8.0.2 -> 10.8.0.4 tcp/8000-8100",
                "10.8.0.2 -> 192.168.7.0/24 tcp/443",
                "10.8.0.2 -> 10.8.0.4 icmp",
                "10.8.0.3 -> 192.168.7.0/24 all",
                "fd00:8::2 -> fd00:8::1 tcp/8443",
                "fd00:8::2 -> fd00:7::/64 udp/1-65535",
                "fd00:8::2 -> fd00:7::1/128 all",
                "fd00:8::2 -> fd00:7::/64 icmp",
            ),
        ).toEqual({
            acl4: ["10.8.0.2 . 10.8.0.1 . tcp . 8443", "10.8.0.2 . 192.168.7.9 . udp . 53"],
            acl6: ["fd00:8::2 . fd00:8::1 . tcp . 8443"],
            net4: ["10.8.0.2 . 10.8.0.4 . tcp . 8000-8100", "10.8.0.2 . 192.168.7.0/24 . tcp . 443"],
            net6: ["fd00:8::2 . fd00:7::/64 . udp . 1-65535"],
            any4: ["10.8.0.3 . 192.168.7.0/24"],
            any6: ["fd00:8::2 . fd00:7::1"],
            ping4: ["10.8.0.2 . 10.8.0.4"],
            ping6: ["fd00:8::2 . fd00:7::/64"],
        });
    });

    test("ranges that overlap or touch become one", () => {
        expect(
            elements(
                "10.8.0.2 -> 10.8.0.4 tcp/25-40",
                "10.8.0.2 -> 10.8.0.4 tcp/20-30",
                "10.8.0.2 -> 10.8.0.4 tcp/41-42",
                "10.8.0.2 -> 10.8.0.4 tcp/50-51",
                "10.8.0.2 -> 10.8.0.4 udp/20-30",
                "10.8.0.3 -> 10.8.0.4 tcp/20-30",
            ),
        ).toEqual({
            net4: [
                "10.8.0.2 . 10.8.0.4 . tcp . 20-42",
                "10.8.0.2 . 10.8.0.4 . tcp . 50-51",
                "10.8.0.2 . 10.8.0.4 . udp . 20-30",
                "10.8.0.3 . 10.8.0.4 . tcp . 20-30",
            ],
        });
    });

    test("what a wider network allows is left out of a narrower one", () => {
        expect(
            elements(
                "10.8.0.2 -> 192.168.0.0/16 tcp/20-30",
                "10.8.0.2 -> 192.168.7.0/24 tcp/10-40",
                "10.8.0.2 -> 192.168.7.9 tcp/5-45",
                "10.8.0.2 -> 192.168.8.0/24 tcp/22",
                "10.8.0.2 -> 192.168.0.0/16 all",
                "10.8.0.2 -> 192.168.7.0/24 all",
                "10.8.0.2 -> 192.168.7.9 all",
            ),
        ).toEqual({
            net4: [
                "10.8.0.2 . 192.168.0.0/16 . tcp . 20-30",
                "10.8.0.2 . 192.168.7.0/24 . tcp . 10-19",
                "10.8.0.2 . 192.168.7.0/24 . tcp . 31-40",
                "10.8.0.2 . 192.168.7.9 . tcp . 41-45",
                "10.8.0.2 . 192.168.7.9 . tcp . 5-9",
            ],
            any4: ["10.8.0.2 . 192.168.0.0/16"],
        });
    });

    const port = fc.integer({ min: 1, max: 6 });
    const rule: fc.Arbitrary<AccessRule> = fc.record({
        from: fc.constantFrom("10.8.0.2", "10.8.0.3"),
        to: fc.constantFrom("10.8.0.4", "10.8.0.0/24", "10.8.0.4/31", "10.0.0.0/8", "10.8.0.128/25", "10.8.0.200"),
        ports: fc.oneof(
            fc.record({ protocol: fc.constantFrom("icmp" as const, "all" as const) }),
            fc.tuple(fc.constantFrom("tcp" as const, "udp" as const), port, port).map(([protocol, a, b]) => ({
                protocol,
                first: Math.min(a, b),
                last: Math.max(a, b),
            })),
        ),
    });

    test("elements allow exactly what the rules allow, and in net, any and ping no two match the same packet", () => {
        const packets: Packet[] = [];
        for (const from of ["10.8.0.2", "10.8.0.3"]) {
            for (const to of ["10.8.0.4", "10.8.0.5", "10.8.0.200", "10.9.9.9", "11.0.0.1"]) {
                for (const port of [1, 2, 3, 4, 5, 6]) {
                    packets.push({ from, to, protocol: "tcp", port }, { from, to, protocol: "udp", port });
                }
                packets.push({ from, to, protocol: "icmp", port: 0 }, { from, to, protocol: "all", port: 0 });
            }
        }
        fc.assert(
            fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
                const sets = elementsOf(rules);
                const wrong = packets.filter((packet) => {
                    const wanted = rules.some((rule) => ruleAllows(rule, packet));
                    const set = packet.protocol === "all" ? "any4" : packet.protocol === "icmp" ? "ping4" : "net4";
                    const intervals = matching(sets[set], packet);
                    const exact = set === "net4" ? matching(sets.acl4, packet) : 0;
                    return intervals + exact > 0 !== wanted || intervals > 1;
                });
                expect(wrong).toEqual([]);
            }),
        );
    });

    test("the order of rules does not matter", () => {
        fc.assert(
            fc.property(fc.array(rule, { maxLength: 8 }), (rules) => {
                expect(elementsOf([...rules].reverse())).toEqual(elementsOf(rules));
            }),
        );
    });
});

interface Packet {
    from: string;
    to: string;
    protocol: "tcp" | "udp" | "icmp" | "all";
    port: number;
}

function ruleAllows({ from, to, ports }: AccessRule, packet: Packet): boolean {
    if (from !== packet.from || !contains(to, packet.to) || ports.protocol !== packet.protocol) return false;
    return ports.first === undefined || (ports.first <= packet.port && packet.port <= ports.last!);
}

/** How many elements match, as the kernel would compare them. */
function matching(elements: string[], packet: Packet): number {
    return elements.filter((element) => {
        const [from, to, protocol, ports] = element.split(" . ") as [string, string, string?, string?];
        if (from !== packet.from || !contains(to, packet.to)) return false;
        if (protocol === undefined) return true;
        const [first, last = first] = ports!.split("-").map(Number) as [number, number?];
        return protocol === packet.protocol && first <= packet.port && packet.port <= last;
    }).length;
}

test("the table of elements has one a line, set by set", () => {
    const sets = { ...EMPTY, any4: ["10.8.0.3 . 10.8.0.4"], acl4: ["10.8.0.2 . 10.8.0.1 . tcp . 8443"] };
    expect(renderElements(sets)).toBe("acl4 10.8.0.2 . 10.8.0.1 . tcp . 8443\nany4 10.8.0.3 . 10.8.0.4\n");
});
