import type { Family } from "../addresses/index.js";
import { type Box, divided, PROTOCOLS, type Range, Split } from "./packet.js";

/** A part of a box in which all packets are treated alike, and how. */
export interface Cell<T> {
    box: Box;
    value: T;
}

/**
 * Parts a box until a question has one answer for each part.
 *
 * @param ask may throw Split
 */
export function cellsOf<T>(box: Box, ask: (box: Box) => T): Cell<T>[] {
    const cells: Cell<T>[] = [];
    const left = [box];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
        try {
            cells.push({ box: next, value: ask(next) });
        } catch (error) {
            if (!(error instanceof Split)) throw error;
            const parts = divided(next, error);
            if (parts.length < 2) throw new Error(`packets do not part by ${error.dim}`, { cause: error });
            left.push(...parts);
        }
    }
    return cells;
}

const PORTS: Range = [0, 65535];
const ANY: Range = [0, 255];

/** ICMP messages that a connection can begin with; an error belongs to another connection. */
const QUESTIONS: Record<Family, number[]> = { 4: [8, 13, 15, 17], 6: [128] };

/** Boxes that hold every packet between two stretches of addresses that a connection can begin with. */
export function between(saddr: Range, daddr: Range, family: Family): Box[] {
    const icmp = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmp6;
    const of = (proto: Range, type = ANY): Box => ({ saddr, daddr, proto, sport: PORTS, dport: PORTS, type });
    const others = othersThan([icmp, PROTOCOLS.tcp, PROTOCOLS.udp]);
    return [
        of([PROTOCOLS.tcp, PROTOCOLS.tcp]),
        of([PROTOCOLS.udp, PROTOCOLS.udp]),
        ...QUESTIONS[family].map((type) => of([icmp, icmp], [type, type])),
        ...others.map((range) => of(range)),
    ];
}

function othersThan(numbers: readonly number[]): Range[] {
    const sorted = [-1, ...numbers.toSorted((a, b) => a - b), 256];
    return sorted
        .slice(1)
        .map((number, index): [number, number] => [sorted[index]! + 1, number - 1])
        .filter(([low, high]) => low <= high);
}
