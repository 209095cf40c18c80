import type { Family } from "../addresses/index.js";
import { type Box, merged, PROTOCOLS, type Range } from "./packet.js";

import { PING } from "./allowed.js";

/** What packets are about, as a grant has it: `tcp/22, udp/1000-2000, icmp`, or `all`; of certain ports alone: `udp/1-99 from port 53`. */
export function portsText(boxes: readonly Box[], family: Family): string {
    const icmp = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmp6;
    const of = (number: number): Box[] => boxes.filter(({ proto }) => proto[0] === number && proto[1] === number);
    const ported = (["tcp", "udp"] as const).flatMap((name) => portsOf(name, of(PROTOCOLS[name])));
    const types = new Set(of(icmp).map(({ type }) => Number(type[0])));
    const own = new Set<unknown>([icmp, PROTOCOLS.tcp, PROTOCOLS.udp]);
    const others = merged(boxes.map(({ proto }) => proto).filter(([low, high]) => low !== high || !own.has(low)));
    const texts = [...ported, ...icmpOf(types, family), ...othersOf(others)];
    return texts.join(", ") === "tcp, udp, icmp, other protocols" ? "all" : texts.join(", ");
}

const PORTS: Range = [0, 65535];

/** Stretches of source ports that belong together are one first. */
function portsOf(name: string, boxes: readonly Box[]): string[] {
    const byDestination = new Map<string, { dport: Range; sports: Range[] }>();
    for (const { sport, dport } of boxes) {
        const known = byDestination.get(rangeText(dport));
        byDestination.set(rangeText(dport), { dport, sports: [...(known?.sports ?? []), sport] });
    }
    const bySource = new Map<string, Range[]>();
    for (const { dport, sports } of byDestination.values())
        for (const sport of merged(sports)) {
            const from = isAll(sport) ? "" : ` from port ${rangeText(sport)}`;
            bySource.set(from, [...(bySource.get(from) ?? []), dport]);
        }
    return [...bySource].flatMap(([from, ranges]) =>
        merged(ranges).map((range) => `${name}${isAll(range) ? "" : `/${rangeText(range)}`}${from}`),
    );
}

function isAll([low, high]: Range): boolean {
    return low === PORTS[0] && high === PORTS[1];
}

function rangeText([low, high]: Range): string {
    return low === high ? String(low) : `${low}-${high}`;
}

function icmpOf(types: ReadonlySet<number>, family: Family): string[] {
    if (types.size === 0) return [];
    return types.has(Number(PING[family][0])) ? ["icmp"] : [`icmp type ${[...types].join(", ")}`];
}

/** Every protocol but TCP, UDP and ICMP is in three or four stretches. */
function othersOf(ranges: readonly Range[]): string[] {
    const count = ranges.reduce((sum, [low, high]) => sum + Number(high) - Number(low) + 1, 0);
    if (count === 0) return [];
    return count === 253 ? ["other protocols"] : ranges.map((range) => `protocol ${rangeText(range)}`);
}
