import { LINK_GROUP } from "../wireguard/linkGroup.js";
import { contains, overlaps, range as rangeOf } from "../addresses/cidr.js";
import { asArray, asRecord } from "./json.js";

/** A kind of packet that a relay lives on, as far as it is known before there is one. */
export interface Flow {
    /** Name of the interface it comes in on, or goes out on; ELSEWHERE is one that is not the relay's. */
    iif?: string;
    oif?: string;
    /** For connection tracking. */
    state: "new" | "established";
    family: 4 | 6;
    /** CIDR that holds its address. */
    source?: string;
    destination?: string;
    /** Of the tunnel itself: its own UDP port. */
    udp?: { source?: number; destination?: number };
}

/** An interface that does not belong to a relay, whatever its name. */
export const ELSEWHERE = Symbol("elsewhere").toString();

export interface Ruleset {
    chains: Map<string, Rule[]>;
    /** Elements of named sets, "family table name"; absent where they are not known. */
    sets: Map<string, unknown[]>;
    /** Interfaces of other relays of this library on the machine. */
    relays?: ReadonlySet<unknown>;
}

export interface Rule {
    expr: unknown;
}

/** undefined: not known. */
type Ternary = boolean | undefined;

/** Which chain, in which table: what jumps and sets are looked up with. */
export interface Place {
    family: string;
    table: string;
    chain: string;
}

export function keyOf({ family, table }: Pick<Place, "family" | "table">, name: string): string {
    return `${family} ${table} ${name}`;
}

/** The verdict that a verdict map has for a packet; null: none, undefined: not known. */
export function chosen(body: Record<string, unknown> | undefined, flow: Flow, place: Place, ruleset: Ruleset): unknown {
    const pairs = asArray(asRecord(body?.["data"])?.["set"]);
    if (pairs === undefined) return undefined;
    let unknown = false;
    for (const pair of pairs) {
        const [value, verdict] = asArray(pair) ?? [];
        const met = meets({ op: "==", left: body?.["key"], right: value }, flow, place, ruleset);
        if (met === true) return verdict;
        unknown ||= met === undefined;
    }
    return unknown ? undefined : null;
}

/** Whether a packet meets a condition; undefined: that is not known. */
export function meets(match: Record<string, unknown>, flow: Flow, place: Place, ruleset: Ruleset): Ternary {
    const { op, left, right } = match;
    if (op !== "==" && op !== "!=" && op !== "in") return undefined;
    const test = testOf(left, flow, ruleset);
    if (test === undefined) return undefined;
    const found = anyOf(right, test, place, ruleset);
    return op === "!=" && found !== undefined ? !found : found;
}

function anyOf(right: unknown, test: (value: unknown) => Ternary, place: Place, ruleset: Ruleset): Ternary {
    if (typeof right === "string" && right.startsWith("@")) {
        const elements = ruleset.sets.get(keyOf(place, right.slice(1)));
        return elements === undefined ? undefined : some(elements, test);
    }
    const list = asArray(asRecord(right)?.["set"]) ?? asArray(right);
    return list === undefined ? test(right) : some(list, test);
}

function some(values: unknown[], test: (value: unknown) => Ternary): Ternary {
    const results = values.map((value) => test(asRecord(asRecord(value)?.["elem"])?.["val"] ?? value));
    if (results.includes(true)) return true;
    return results.includes(undefined) ? undefined : false;
}

/** How one value is compared with what a packet of this kind has there; undefined where that is not known. */
function testOf(left: unknown, flow: Flow, { relays }: Ruleset): ((value: unknown) => Ternary) | undefined {
    const meta = asRecord(asRecord(left)?.["meta"])?.["key"];
    const payload = asRecord(asRecord(left)?.["payload"]);
    const { iif, oif, family, source, destination, udp } = flow;
    switch (meta) {
        case "iifname":
        case "iif":
            return iif === undefined ? undefined : (value) => isInterface(iif, value, relays);
        case "oifname":
        case "oif":
            return oif === undefined ? undefined : (value) => isInterface(oif, value, relays);
        case "iifgroup":
        case "oifgroup":
            return inGroup(meta === "iifgroup" ? iif : oif);
        case "nfproto":
            return (value) => value === (family === 4 ? "ipv4" : "ipv6");
        case "protocol":
            return (value) => value === (family === 4 ? "ip" : "ip6");
        case "l4proto":
            return udp === undefined ? undefined : (value) => value === "udp" || value === 17;
    }
    if (asRecord(asRecord(left)?.["ct"])?.["key"] === "state") return (value) => value === flow.state;
    const [protocol, field] = [payload?.["protocol"], payload?.["field"]];
    if (protocol === "ip" || protocol === "ip6") {
        if ((protocol === "ip") !== (family === 4)) return () => false;
        if (field === "saddr") return source === undefined ? undefined : (value) => isWithin(source, value);
        if (field === "daddr") return destination === undefined ? undefined : (value) => isWithin(destination, value);
        if (field === "protocol" || field === "nexthdr")
            return udp === undefined ? undefined : (value) => value === "udp" || value === 17;
    }
    if (udp !== undefined && (protocol === "udp" || protocol === "th")) {
        const port = field === "dport" ? udp.destination : field === "sport" ? udp.source : undefined;
        return port === undefined ? undefined : (value) => isPort(port, value);
    }
    if (udp !== undefined && (protocol === "tcp" || protocol === "icmp" || protocol === "icmpv6")) return () => false;
    return undefined;
}

/** Interfaces of relays are in a link group of theirs; in which one others are is not known. */
function inGroup(name: string | undefined): ((value: unknown) => Ternary) | undefined {
    if (name === undefined) return undefined;
    return (value) => (value === LINK_GROUP ? name !== ELSEWHERE : undefined);
}

/** "wg*" is every name that begins so; "*" alone is any. */
function isInterface(name: string, value: unknown, relays: Ruleset["relays"]): Ternary {
    if (typeof value !== "string") return undefined;
    const prefix = value.endsWith("*") ? value.slice(0, -1) : undefined;
    if (prefix === "") return true;
    if (name === ELSEWHERE) return value === "lo" || relays?.has(value) === true ? false : undefined;
    return prefix === undefined ? name === value : name.startsWith(prefix);
}

/** Whether every address of ours is within a value, none, or some. */
function isWithin(ours: string, value: unknown): Ternary {
    const ends = asArray(asRecord(value)?.["range"]);
    if (ends !== undefined) return isBetween(ours, ends.map(String));
    const prefix = asRecord(asRecord(value)?.["prefix"]);
    const text = prefix === undefined ? value : `${String(prefix["addr"])}/${String(prefix["len"])}`;
    if (typeof text !== "string" || text.includes(":") !== ours.includes(":")) return undefined;
    try {
        const network = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
        if (contains(network, ours)) return true;
        return overlaps(network, ours) ? undefined : false;
    } catch {
        return undefined;
    }
}

function isBetween(ours: string, ends: string[]): Ternary {
    try {
        const [from, to, own] = [rangeOf(ends[0] ?? ""), rangeOf(ends[1] ?? ""), rangeOf(ours)];
        if (from.family !== own.family) return false;
        if (from.first <= own.first && own.last <= to.last) return true;
        return to.last < own.first || own.last < from.first ? false : undefined;
    } catch {
        return undefined;
    }
}

function isPort(port: number, value: unknown): Ternary {
    if (typeof value === "number") return value === port;
    const range = asArray(asRecord(value)?.["range"]);
    if (range === undefined) return undefined;
    const [first, last] = range as [number, number];
    return port >= first && port <= last;
}

/** Whether a condition names what is the relay's: its interface, its port, its network or a part of it. */
export function isAboutUs(
    match: Record<string, unknown>,
    met: Ternary,
    { iif, oif, source, destination }: Flow,
    place: Place,
    ruleset: Ruleset,
): boolean {
    if (match["op"] === "!=") return false;
    const left = asRecord(match["left"]);
    const key = asRecord(left?.["meta"])?.["key"];
    if (key === "iifname" || key === "iif") return met === true && iif !== ELSEWHERE;
    if (key === "oifname" || key === "oif") return met === true && oif !== ELSEWHERE;
    const field = asRecord(left?.["payload"])?.["field"];
    if (field === "dport" || field === "sport") return met === true;
    if ((field !== "saddr" || source === undefined) && (field !== "daddr" || destination === undefined)) return false;
    // A part of the network is about some of its packets.
    const { right } = match;
    const named = typeof right === "string" && right.startsWith("@");
    return met === true || (met === undefined && !(named && !ruleset.sets.has(keyOf(place, right.slice(1)))));
}
