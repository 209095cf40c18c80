import { type Family, familyOf } from "../addresses/index.js";
import { parsePorts } from "../arguments/text.js";
import type { Right } from "../access/rights.js";
import { RELAY } from "../access/index.js";
import { isNetwork } from "../access/target.js";
import { type Box, disjoint, isWithin, PROTOCOLS, type Range, Split } from "./packet.js";
import { rangeFor } from "./wire.js";

/** A right of the program in addresses. */
export interface Allowed {
    right: Right;
    family: Family;
    saddr: Range;
    daddr: Range;
    proto?: Range;
    dport?: Range;
    type?: Range;
}

/** Echo requests. */
export const PING: Record<Family, Range> = { 4: [8, 8], 6: [128, 128] };

/**
 * What a program allows, in addresses.
 *
 * @param addresses of each peer, and of `(relay)`
 */
export function allowedBy(rights: readonly Right[], addresses: Readonly<Record<string, readonly string[]>>): Allowed[] {
    const places = (name: string): readonly string[] => (isNetwork(name) ? [name] : (addresses[name] ?? []));
    return rights.flatMap((right) => {
        const { protocol, first, last = first } = parsePorts(right.ports, "ports");
        return places(right.from).flatMap((from) =>
            places(right.to)
                .filter((to) => familyOf(to) === familyOf(from))
                .map((to): Allowed => {
                    const family = familyOf(from);
                    const base = { right, family, saddr: rangeFor(from), daddr: rangeFor(to) };
                    if (protocol === "all") return base;
                    const number = protocol === "icmp" && family === 6 ? PROTOCOLS.icmp6 : PROTOCOLS[protocol];
                    const proto: Range = [number, number];
                    if (protocol === "icmp") return { ...base, proto, type: PING[family] };
                    return { ...base, proto, ...(first === undefined ? {} : { dport: [first, last ?? first] }) };
                }),
        );
    });
}

/** The relay answers pings of every peer, and gets answers to its own. */
export function pings(own: readonly string[], peers: readonly string[]): Allowed[] {
    return own.flatMap((address) => {
        const family = familyOf(address);
        const proto: Range = family === 4 ? [PROTOCOLS.icmp, PROTOCOLS.icmp] : [PROTOCOLS.icmp6, PROTOCOLS.icmp6];
        return peers
            .filter((cidr) => familyOf(cidr) === family)
            .flatMap((cidr) => {
                const [relay, peer] = [rangeFor(address), rangeFor(cidr)];
                const right = { from: cidr, to: RELAY, ports: "icmp", by: "" };
                const base = { family, proto, type: PING[family] };
                return [
                    { ...base, right, saddr: peer, daddr: relay },
                    { ...base, right: { ...right, from: RELAY, to: cidr }, saddr: relay, daddr: peer },
                ];
            });
    });
}

const DIMS = ["saddr", "daddr", "proto", "dport", "type"] as const;

/** Looks up what allows packets. */
export class Program {
    private readonly single = new Map<unknown, Allowed[]>();
    private readonly others: Allowed[] = [];

    constructor(private readonly all: readonly Allowed[]) {
        for (const each of all) {
            const [low, high] = each.saddr;
            if (low === high) this.single.set(low, [...(this.single.get(low) ?? []), each]);
            else this.others.push(each);
        }
    }

    /**
     * What allows all of the packets; undefined for nothing.
     *
     * @throws Split where only some of them are allowed
     */
    allows(family: Family, box: Box): Allowed | undefined {
        const [low, high] = box.saddr;
        const candidates = low === high ? [...(this.single.get(low) ?? []), ...this.others] : this.all;
        return candidates.find((each) => each.family === family && covers(each, box));
    }
}

function covers(allowed: Allowed, box: Box): boolean {
    let split: Split | undefined;
    for (const dim of DIMS) {
        const range = allowed[dim];
        if (range === undefined || isWithin(box[dim], range)) continue;
        if (disjoint(box[dim], range)) return false;
        split ??= new Split(dim, range);
    }
    if (split !== undefined) throw split;
    return true;
}
