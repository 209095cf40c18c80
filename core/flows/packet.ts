/**
 * Packets, many at a time: what a header can hold is an interval for each field, and a rule either decides for all of it, or says at
 * which of its own constants the packets part ({@link Split}). So what is computed holds for every packet, not for samples.
 */

export type Num = number | bigint;
/** Both ends are included. */
export type Range = readonly [low: Num, high: Num];

/** Fields of a header that intervals are kept for. Ports count for the protocols that have them, the type for ICMP. */
export type Dim = "saddr" | "daddr" | "proto" | "sport" | "dport" | "type";
export type Box = Readonly<Record<Dim, Range>>;

/** Packets that only differ within the intervals of their fields. What is undefined is not known. */
export interface Packet {
    family: 4 | 6;
    box: Readonly<{ [dim in Dim]: Range | undefined }>;
    /** Where a destination that is not known is certainly not. */
    notTo?: readonly Range[];
    /** "" where there is none: of what the machine sends itself, and before it is decided where to. */
    iif: string | undefined;
    oif: string | undefined;
    /** For connection tracking. */
    state: "new" | "established" | "untracked" | "invalid";
    direction: "original" | "reply";
    /** Of TCP. */
    flags: readonly string[];
    mark: number | undefined;
    /** Whether the destination is an address of the machine itself. */
    local: boolean | undefined;
    /** Whether source and destination of the box are exchanged, because it is the answer to the flow that is asked about. */
    mirrored: boolean;
    /** Whether its addresses were translated: those of the connection's first packet are not known then. */
    natted: boolean;
}

/** For the kernel's rules it is a name like any other, which no interface has. */
export const NO_INTERFACE = "";

/** undefined: not known. */
export type Ternary = boolean | undefined;

/** Some of the packets meet a condition and some do not: they part at the ends of an interval. */
export class Split extends Error {
    constructor(
        readonly dim: Dim,
        readonly at: Range,
    ) {
        super(dim);
    }
}

export const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

const MIRROR: Record<Dim, Dim> = {
    saddr: "daddr",
    daddr: "saddr",
    sport: "dport",
    dport: "sport",
    proto: "proto",
    type: "type",
};

export function mirror(box: Box): Box {
    const { saddr, daddr, sport, dport } = box;
    return { ...box, saddr: daddr, daddr: saddr, sport: dport, dport: sport };
}

/** Whether a field is within an interval; a Split where only a part of it is. */
export function related(packet: Packet, dim: Dim, range: Range): Ternary | Split {
    const own = packet.box[dim];
    if (own === undefined) {
        const isElsewhere = dim === "daddr" && packet.notTo?.some((known) => isWithin(range, known)) === true;
        return isElsewhere ? false : undefined;
    }
    if (disjoint(own, range)) return false;
    if (isWithin(own, range)) return true;
    return new Split(packet.mirrored ? MIRROR[dim] : dim, range);
}

/**
 * Whether a field is within an interval.
 *
 * @throws Split where only a part of it is
 */
export function within(packet: Packet, dim: Dim, range: Range): Ternary {
    const found = related(packet, dim, range);
    if (found instanceof Split) throw found;
    return found;
}

/** A Split is given back. */
export function attempted<T>(ask: () => T): T | Split {
    try {
        return ask();
    } catch (error) {
        if (error instanceof Split) return error;
        throw error;
    }
}

/** The same with source and destination exchanged. */
export function mirroredSplit({ dim, at }: Split): Split {
    return new Split(MIRROR[dim], at);
}

export function disjoint([low, high]: Range, [first, last]: Range): boolean {
    return high < first || last < low;
}

export function isWithin([low, high]: Range, [first, last]: Range): boolean {
    return first <= low && high <= last;
}

/** What both have; undefined for nothing. */
export function intersection([low, high]: Range, [first, last]: Range): Range | undefined {
    const both: Range = [low > first ? low : first, high < last ? high : last];
    return both[0] <= both[1] ? both : undefined;
}

/** Sorted, and neither overlapping nor touching. */
export function merged(ranges: readonly Range[]): Range[] {
    const result: Range[] = [];
    for (const [low, high] of [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
        const last = result.at(-1);
        if (last !== undefined && low <= next(last[1]))
            result[result.length - 1] = [last[0], high > last[1] ? high : last[1]];
        else result.push([low, high]);
    }
    return result;
}

/** What is left of an interval; `taken` is merged. */
export function without(range: Range, taken: readonly Range[]): Range[] {
    const left: Range[] = [];
    let [low] = range;
    for (const [first, last] of taken) {
        if (disjoint([low, range[1]], [first, last])) continue;
        if (low < first) left.push([low, previous(first)]);
        low = next(last);
        if (low > range[1]) return left;
    }
    return [...left, [low, range[1]]];
}

/** The parts of a box before, within and after an interval; the box alone where it does not part. */
export function divided(box: Box, { dim, at }: Split): Box[] {
    const inside = intersection(box[dim], at);
    if (inside === undefined) return [box];
    return [...without(box[dim], [inside]), inside].map((range) => ({ ...box, [dim]: range }));
}

function next(value: Num): Num {
    return typeof value === "bigint" ? value + 1n : value + 1;
}

export function previous(value: Num): Num {
    return typeof value === "bigint" ? value - 1n : value - 1;
}
