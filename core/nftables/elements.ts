import { contains, familyOf } from "../addresses/index.js";
import type { AccessRule } from "../registry/model.js";
import { renderSetElements } from "../protocol/elements.js";

export const SET_NAMES = ["acl4", "acl6", "net4", "net6", "any4", "any6", "ping4", "ping6"] as const;
export type SetName = (typeof SET_NAMES)[number];

/**
 * The elements of the table's sets, in nft's own words ("10.8.0.2 . 10.8.0.1 . tcp . 8443"), sorted, each once.
 *  - acl: one host, one port. A hash lookup, whatever their number
 *  - net: a network or a range of ports. An interval lookup, about a quarter slower
 *  - any: everything between a host and a host or network
 *  - ping: echo requests only
 */
export type SetElements = Record<SetName, string[]>;

/**
 * Sorts access rules into sets. No two elements of a result overlap, because the kernel takes overlapping intervals in some orders and refuses them in
 * others ("File exists"). Sources are peers' addresses and whole networks behind peers, which do not overlap; ports are merged per destination, and what a wider network already allows is left out of a narrower one.
 */
export function elementsOf(rules: readonly AccessRule[]): SetElements {
    return elementsIn(rangesIn(rules));
}

/** Access rules by the sets that they belong into, as the kernel cannot have them yet: they may overlap. */
export interface RuleSets {
    /** Elements of acl. */
    exact: Set<string>;
    /** By source and, where there are ports, protocol: "10.8.0.2 tcp". */
    net: Map<string, Destinations>;
    any: Map<string, Destinations>;
    ping: Map<string, Destinations>;
}

export function rangesIn(rules: readonly AccessRule[]): RuleSets {
    const sets: RuleSets = { exact: new Set(), net: new Map(), any: new Map(), ping: new Map() };
    for (const { from: source, to: destination, ports } of rules) {
        // nft says a network of one address as that address.
        const [from, to] = [source, destination].map((text) =>
            text.replace(familyOf(source) === 6 ? /\/128$/ : /\/32$/, ""),
        ) as [string, string];
        if (ports.protocol === "all") add(sets.any, from, to, EVERYTHING);
        else if (ports.protocol === "icmp") add(sets.ping, from, to, EVERYTHING);
        else {
            const range: Range = [ports.first!, ports.last ?? ports.first!];
            if (range[0] === range[1] && !from.includes("/") && !to.includes("/"))
                sets.exact.add(`${from} . ${to} . ${ports.protocol} . ${range[0]}`);
            else add(sets.net, `${from} ${ports.protocol}`, to, range);
        }
    }
    return sets;
}

/** The elements of these, none of which overlaps another one. */
export function elementsIn({ exact, net, any, ping }: RuleSets): SetElements {
    const exactly = [...exact].sort();
    const [nets, anys, pings] = [flatten(net, portElement), flatten(any, pairElement), flatten(ping, pairElement)];
    const four = (list: string[]): string[] => list.filter((element) => familyOf(element) === 4);
    const six = (list: string[]): string[] => list.filter((element) => familyOf(element) === 6);
    return {
        acl4: four(exactly),
        acl6: six(exactly),
        net4: four(nets),
        net6: six(nets),
        any4: four(anys),
        any6: six(anys),
        ping4: four(pings),
        ping6: six(pings),
    };
}

/** First and last, both included. */
export type Range = [number, number];

/** The access of one source: ranges by destination. */
export type Destinations = Map<string, Range[]>;

/** For sets without ports: one range that stands for all of it. */
const EVERYTHING: Range = [0, 0];

function add(sources: Map<string, Destinations>, source: string, to: string, range: Range): void {
    const destinations = sources.get(source) ?? new Map<string, Range[]>();
    sources.set(source, destinations);
    const ranges = destinations.get(to) ?? [];
    destinations.set(to, ranges);
    ranges.push(range);
}

function flatten(
    sources: Map<string, Destinations>,
    element: (source: string, to: string, range: Range) => string,
): string[] {
    const elements: string[] = [];
    for (const [source, destinations] of sources) {
        const networks = [...destinations.keys()].filter((to) => to.includes("/"));
        for (const [to, ranges] of destinations) {
            const wider = networks.filter((network) => network !== to && contains(network, to));
            const covered = merge(wider.flatMap((network) => destinations.get(network)!));
            for (const range of subtract(merge(ranges), covered)) elements.push(element(source, to, range));
        }
    }
    return elements.sort();
}

function portElement(source: string, to: string, [first, last]: Range): string {
    const [from, protocol] = source.split(" ");
    return `${from} . ${to} . ${protocol} . ${first === last ? first : `${first}-${last}`}`;
}

function pairElement(from: string, to: string): string {
    return `${from} . ${to}`;
}

/** The table of elements of a relay. @param timed elements of access that ends */
export function renderElements(sets: SetElements, timed: readonly { set: string; element: string }[] = []): string {
    return renderSetElements([...SET_NAMES.flatMap((set) => sets[set].map((element) => ({ set, element }))), ...timed]);
}

/** Sorted, and neither overlapping nor touching. */
export function merge(ranges: readonly Range[]): Range[] {
    const merged: Range[] = [];
    for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
        const previous = merged.at(-1);
        if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
        else merged.push([first, last]);
    }
    return merged;
}

/** What is left of `ranges` without `covered`; both merged. */
export function subtract(ranges: readonly Range[], covered: readonly Range[]): Range[] {
    let left = [...ranges];
    for (const [first, last] of covered) {
        left = left.flatMap(([low, high]): Range[] => {
            if (last < low || first > high) return [[low, high]];
            const parts: Range[] = [
                [low, first - 1],
                [last + 1, high],
            ];
            return parts.filter(([start, end]) => start <= end);
        });
    }
    return left;
}
