import * as fc from "fast-check";

import { parseRule } from "../../../../core/access/index.js";
import { contains } from "../../../../core/addresses/index.js";
import { timedElementsOf, type TimedRule } from "../../../../core/nftables/index.js";

const rule = (text: string, until: number): TimedRule => ({ ...parseRule(text), until });
const lines = (...rules: TimedRule[]): string[] =>
    timedElementsOf(rules).map(({ set, element, until }) => `${set} ${element} @${until}`);

it("puts access that ends into sets of its own, each element with its end", () => {
    expect(
        lines(
            rule("10.8.0.2 -> 10.8.0.4 tcp/22", 5),
            rule("fd00::2 -> fd00::4 tcp/22", 6),
            rule("10.8.0.2 -> 10.8.0.4 tcp/80-90", 5),
            rule("10.8.0.2 -> 10.8.0.4 icmp", 5),
            rule("10.8.0.2 -> 192.168.7.0/24 all", 7),
        ),
    ).toEqual([
        "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22 @5",
        "acl6_until fd00::2 . fd00::4 . tcp . 22 @6",
        "net4_until 10.8.0.2 . 10.8.0.4 . tcp . 80-90 @5",
        "any4_until 10.8.0.2 . 192.168.7.0/24 @7",
        "ping4_until 10.8.0.2 . 10.8.0.4 @5",
    ]);
});

it("lets the same end at the latest moment, and leaves that part out of what ends earlier", () => {
    expect(lines(rule("10.8.0.2 -> 10.8.0.4 tcp/22", 5), rule("10.8.0.2 -> 10.8.0.4/32 tcp/22", 9))).toEqual([
        "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22 @9",
    ]);
    expect(lines(rule("10.8.0.2 -> 10.8.0.4 tcp/20-30", 5), rule("10.8.0.2 -> 10.8.0.4 tcp/24-26", 9))).toEqual([
        "net4_until 10.8.0.2 . 10.8.0.4 . tcp . 20-23 @5",
        "net4_until 10.8.0.2 . 10.8.0.4 . tcp . 24-26 @9",
        "net4_until 10.8.0.2 . 10.8.0.4 . tcp . 27-30 @5",
    ]);
    expect(lines(rule("10.8.0.2 -> 10.0.0.0/30 all", 5), rule("10.8.0.2 -> 10.0.0.2/32 all", 9))).toEqual([
        "any4_until 10.8.0.2 . 10.0.0.0/31 @5",
        "any4_until 10.8.0.2 . 10.0.0.2 @9",
        "any4_until 10.8.0.2 . 10.0.0.3 @5",
    ]);
    expect(lines(rule("10.8.0.2 -> 10.0.0.0/24 all", 9), rule("10.8.0.2 -> 10.0.0.0/30 all", 5))).toEqual([
        "any4_until 10.8.0.2 . 10.0.0.0/24 @9",
    ]);
});

describe("hours of the week", () => {
    const weekly = (text: string, window: string): TimedRule => ({ ...rule(text, 9), window });
    const [MONDAY, FRIDAY] = ["mon 08:00-18:00 UTC", "fri 08:00-18:00 UTC"];

    it("stand beside the element", () => {
        expect(
            timedElementsOf([weekly("10.8.0.2 -> 10.8.0.4 tcp/22", MONDAY), rule("10.8.0.2 -> 10.8.0.4 tcp/80", 5)]),
        ).toEqual([
            { set: "acl4_until", element: "10.8.0.2 . 10.8.0.4 . tcp . 22", until: 9, window: MONDAY },
            { set: "acl4_until", element: "10.8.0.2 . 10.8.0.4 . tcp . 80", until: 5 },
        ]);
    });

    it.each([
        ["10.8.0.2 -> 10.8.0.4 tcp/80-90", "10.8.0.2 -> 10.8.0.4 tcp/85-99"],
        ["10.8.0.2 -> 10.0.0.0/24 all", "10.8.0.2 -> 10.0.0.4/32 all"],
    ])("are refused where %s is a part of %s at other times", (one, other) => {
        const refused =
            "have addresses and ports in common, and are allowed at different times; give both the same `window`";
        expect(() => timedElementsOf([weekly(one, MONDAY), weekly(other, FRIDAY)])).toThrow(refused);
        expect(() => timedElementsOf([weekly(one, MONDAY), rule(other, 5)])).toThrow(refused);
        expect(timedElementsOf([weekly(one, MONDAY), weekly(other, MONDAY)]).length).toBeGreaterThan(0);
        expect(timedElementsOf([weekly(one, MONDAY), weekly(other.replace("8.0.2", "8.0.3"), FRIDAY)])).toHaveLength(2);
    });
});

const network = fc.constantFrom(
    "10.0.0.0/28",
    "10.0.0.0/29",
    "10.0.0.8/29",
    "10.0.0.4/30",
    "10.0.0.4/32",
    "10.0.0.9/32",
);
const ports = fc.constantFrom("tcp/1-4", "tcp/2-3", "tcp/4-6", "tcp/3", "udp/3", "icmp", "all");
const rules = fc.array(
    fc
        .tuple(network, ports, fc.integer({ min: 1, max: 3 }))
        .map(([to, which, until]) => rule(`10.8.0.2 -> ${to} ${which}`, until)),
    { maxLength: 7 },
);

/** Whether a flow is allowed at a moment, by rules and by elements. */
function byRules(all: readonly TimedRule[], to: string, wanted: string, now: number): boolean {
    const { ports: asked } = parseRule(`10.8.0.2 -> ${to} ${wanted}`);
    return all.some(({ to: there, ports: { protocol, first = 0, last = 0 }, until }) => {
        if (until <= now || !contains(there, to)) return false;
        if (protocol !== asked.protocol) return false;
        return asked.first === undefined || (first <= asked.first && asked.first <= last);
    });
}

function byElements(elements: ReturnType<typeof timedElementsOf>, to: string, wanted: string, now: number): string[] {
    const [protocol, port = ""] = wanted.split("/");
    const kinds = protocol === "all" ? ["any"] : protocol === "icmp" ? ["ping"] : ["acl", "net"];
    return elements
        .filter(({ set, element, until }) => {
            const [, there = "", which, range = ""] = element.split(" . ");
            const [first = NaN, last = first] = range.split("-").map(Number);
            const isThere = until > now && kinds.includes(set.slice(0, 3) === "pin" ? "ping" : set.slice(0, 3));
            if (!isThere || !contains(there, to)) return false;
            return which === undefined || (which === protocol && first <= Number(port) && Number(port) <= last);
        })
        .map(({ set }) => set);
}

it("allows exactly what the rules allow, at every moment, and no set twice", () => {
    const address = fc.nat(15).map((last) => `10.0.0.${last}`);
    const wanted = fc.constantFrom("tcp/1", "tcp/2", "tcp/3", "tcp/4", "tcp/5", "udp/3", "icmp", "all");
    fc.assert(
        fc.property(rules, address, wanted, fc.nat(3), (all, to, flow, now) => {
            const found = byElements(timedElementsOf(all), to, flow, now);
            expect(found.length > 0).toBe(byRules(all, to, flow, now));
            expect(new Set(found).size).toBe(found.length);
        }),
        { numRuns: 2000 },
    );
});

it("is, once something has ended, what the others alone make", () => {
    fc.assert(
        fc.property(rules, fc.nat(3), (all, now) => {
            const left = timedElementsOf(all).filter(({ until }) => until > now);
            expect(left).toEqual(timedElementsOf(all.filter(({ until }) => until > now)));
        }),
    );
});
