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
export function elementsOf(rules: AccessRule[]): SetElements {
    const exact = { 4: new Set<string>(), 6: new Set<string>() };
    const net = { 4: new Map<string, Destinations>(), 6: new Map<string, Destinations>() };
    const any = { 4: new Map<string, Destinations>(), 6: new Map<string, Destinations>() };
    const ping = { 4: new Map<string, Destinations>(), 6: new Map<string, Destinations>() };

    for (const { from: source, to: destination, ports } of rules) {
        const family = familyOf(source);
        // nft says a network of one address as that address.
        const [from, to] = [source, destination].map((text) => text.replace(family === 6 ? /\/128$/ : /\/32$/, "")) as [
            string,
            string,
        ];
        if (ports.protocol === "all") add(any[family], from, to, EVERYTHING);
        else if (ports.protocol === "icmp") add(ping[family], from, to, EVERYTHING);
        else {
            const range: Range = [ports.first!, ports.last ?? ports.first!];
            if (range[0] === range[1] && !from.includes("/") && !to.includes("/"))
                exact[family].add(`${from} . ${to} . ${ports.protocol} . ${range[0]}`);
            else add(net[family], `${from} ${ports.protocol}`, to, range);
        }
    }

    return {
        acl4: [...exact[4]].sort(),
        acl6: [...exact[6]].sort(),
        net4: flatten(net[4], portElement),
        net6: flatten(net[6], portElement),
        any4: flatten(any[4], pairElement),
        any6: flatten(any[6], pairElement),
        ping4: flatten(ping[4], pairElement),
        ping6: flatten(ping[6], pairElement),
    };
}

/** First and last, both included. */
type Range = [number, number];

/** The access of one source: ranges by destination. */
type Destinations = Map<string, Range[]>;

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

/** The table of elements of a relay. */
export function renderElements(sets: SetElements): string {
    return renderSetElements(SET_NAMES.flatMap((set) => sets[set].map((element) => ({ set, element }))));
}

/** Sorted, and neither overlapping nor touching. */
function merge(ranges: Range[]): Range[] {
    const merged: Range[] = [];
    for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
        const previous = merged.at(-1);
        if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
        else merged.push([first, last]);
    }
    return merged;
}

/** What is left of `ranges` without `covered`; both merged. */
function subtract(ranges: Range[], covered: Range[]): Range[] {
    let left = ranges;
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
