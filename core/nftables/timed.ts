import { bigIntToAddress, contains, familyOf, overlaps, range } from "../addresses/index.js";
import { InvalidArgument } from "../errors.js";
import type { AccessRule } from "../registry/model.js";
import {
    type Destinations,
    elementsIn,
    type Range,
    rangesIn,
    type RuleSets,
    SET_NAMES,
    subtract,
    merge,
} from "./elements.js";

/** The sets of access that ends: as those of access that does not, and each of their elements has a timeout. */
export const TIMED_SET_NAMES = SET_NAMES.map((set) => `${set}_until` as const);

/** An access rule that ends. */
export interface TimedRule extends AccessRule {
    /** Unix seconds. */
    until: number;
    /** The hours in which it is allowed. Absent: all. */
    window?: string | undefined;
}

export interface TimedElement {
    set: (typeof TIMED_SET_NAMES)[number];
    element: string;
    until: number;
    window?: string;
}

/** Never, as a relay's tables have it. */
export const NEVER = 253_402_300_799;

/**
 * Sorts access rules that end into sets. No two elements of a set overlap, so what two rules allow until different moments is an element of
 * its own, with the later one: what is left when the first ends is what the others alone would have made.
 *
 * @throws InvalidArgument where what is allowed at some hours is a part of what is allowed at other times: the kernel could not have both
 */
export function timedElementsOf(rules: readonly TimedRule[]): TimedElement[] {
    const always = withoutWindow(rules.filter(({ window }) => window === undefined));
    const windows = new Map<string, TimedRule[]>();
    for (const rule of rules)
        if (rule.window !== undefined) windows.set(rule.window, [...(windows.get(rule.window) ?? []), rule]);
    const elements = [...windows].flatMap(([window, own]) => withoutWindow(own).map((each) => ({ ...each, window })));
    refuseOverlaps(elements, always);
    return inOrder([...always, ...elements]);
}

function withoutWindow(rules: readonly TimedRule[]): TimedElement[] {
    const moments = [...new Set(rules.map(({ until }) => until))].sort((a, b) => b - a);
    const longer = new LongerSets();
    return moments.flatMap((until) => {
        const own = rangesIn(rules.filter((rule) => rule.until === until));
        const left = longer.without(own);
        longer.add(own);
        return SET_NAMES.flatMap((set) =>
            elementsIn(left)[set].map((element) => ({ set: `${set}_until` as const, element, until })),
        );
    });
}

function inOrder(elements: TimedElement[]): TimedElement[] {
    const order = (one: TimedElement): string => `${TIMED_SET_NAMES.indexOf(one.set)} ${one.element}`;
    return elements.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function refuseOverlaps(windowed: readonly TimedElement[], always: readonly TimedElement[]): void {
    windowed.forEach((one, index) => {
        const others = [...always, ...windowed.slice(index + 1)];
        const other = others.find((each) => each.window !== one.window && overlap(one, each));
        if (other === undefined) return;
        throw new InvalidArgument(
            "access rules",
            `${one.element} and ${other.element} have addresses and ports in common, and are allowed at different times`,
            "give both the same `window`, or grants that have nothing in common",
        );
    });
}

function overlap(one: TimedElement, other: TimedElement): boolean {
    if (one.set !== other.set) return false;
    const [from, to = "", protocol, ports = ""] = one.element.split(" . ");
    const [otherFrom, otherTo = "", otherProtocol, otherPorts = ""] = other.element.split(" . ");
    if (from !== otherFrom || protocol !== otherProtocol || !overlaps(to, otherTo)) return false;
    return protocol === undefined || meets([endsOf(ports)], [endsOf(otherPorts)]);
}

function endsOf(ports: string): Range {
    const [first = 0, last = first] = ports.split("-").map(Number);
    return [first, last];
}

type Kind = "net" | "any" | "ping";

/** What rules that last longer allow already. */
class LongerSets {
    private readonly exact = new Set<string>();
    private readonly ranges = new Map<string, Destinations>();

    add({ exact, ...kinds }: RuleSets): void {
        for (const element of exact) this.exact.add(element);
        for (const kind of KINDS)
            for (const [source, destinations] of kinds[kind])
                for (const [to, ranges] of destinations) {
                    const known = this.of(kind, source);
                    known.set(to, merge([...(known.get(to) ?? []), ...ranges]));
                }
    }

    /** The same without what is here. */
    without({ exact, ...kinds }: RuleSets): RuleSets {
        const left = (kind: Kind): Map<string, Destinations> =>
            new Map(
                [...kinds[kind]].map(([source, destinations]): [string, Destinations] => [
                    source,
                    carved(destinations, this.of(kind, source)),
                ]),
            );
        return {
            exact: new Set([...exact].filter((element) => !this.exact.has(element))),
            net: left("net"),
            any: left("any"),
            ping: left("ping"),
        };
    }

    private of(kind: Kind, source: string): Destinations {
        const key = `${kind} ${source}`;
        const known = this.ranges.get(key) ?? new Map<string, Range[]>();
        this.ranges.set(key, known);
        return known;
    }
}

const KINDS: readonly Kind[] = ["net", "any", "ping"];

function carved(destinations: Destinations, longer: Destinations): Destinations {
    const left: Destinations = new Map();
    for (const [to, ranges] of destinations)
        for (const [part, kept] of spread(to, ranges, longer))
            left.set(part, merge([...(left.get(part) ?? []), ...kept]));
    return left;
}

/** One destination in parts, of which each is wholly within others' reach or wholly outside. */
function spread(to: string, ranges: readonly Range[], longer: Destinations): [string, Range[]][] {
    const wider = [...longer].filter(([network]) => contains(network, to)).flatMap(([, each]) => each);
    const left = subtract(merge([...ranges]), merge(wider));
    if (left.length === 0) return [];
    const isApart = [...longer].some(([network, each]) => network !== to && contains(to, network) && meets(left, each));
    return isApart ? halves(to).flatMap((half) => spread(half, left, longer)) : [[to, left]];
}

function meets(some: readonly Range[], others: readonly Range[]): boolean {
    return some.some(([first, last]) => others.some(([from, to]) => first <= to && from <= last));
}

/** The two networks that a network consists of. */
function halves(network: string): [string, string] {
    const { first, last } = range(network);
    const family = familyOf(network);
    const [, prefix = ""] = network.split("/");
    const next = Number(prefix) + 1;
    const bits = family === 4 ? 32 : 128;
    const write = (start: bigint): string => `${bigIntToAddress(start, family)}${next === bits ? "" : `/${next}`}`;
    return [write(first), write(first + (last - first + 1n) / 2n)];
}
