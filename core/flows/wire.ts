import { type Family, range as rangeOf, familyOf } from "../addresses/index.js";
import { intersection, isWithin, merged, type Num, type Range, without } from "./packet.js";

/** A peer as the wire has it: WireGuard takes packets from it only with these sources, and sends it these destinations. */
export interface WirePeer {
    /** Its name in the program; a fingerprint for a key that is not in the program. */
    name: string;
    interface: string;
    /** CIDR. */
    allowedIps: readonly string[];
}

/** A relay as far as it decides where packets go, beside the rules of nftables. */
export interface Wire {
    /** The relay's interfaces. */
    interfaces: readonly string[];
    /** Its addresses in the tunnel. */
    own: readonly string[];
    /** Networks of the tunnel, CIDR. */
    subnets: readonly string[];
    /** Other addresses of the machine that are known. */
    machine: readonly string[];
    peers: readonly WirePeer[];
}

/** A stretch of addresses and the peer that has it. */
export interface Owned {
    name: string;
    interface: string;
    range: Range;
}

export function rangeFor(cidr: string): Range {
    const { first, last } = rangeOf(cidr);
    return [first, last];
}

/**
 * Who has which addresses. Where one peer's network contains allowed IPs of another peer, the longer prefix wins, as in the kernel.
 *
 * @param family of addresses
 */
export function ownedBy(peers: readonly WirePeer[], family: Family): Owned[] {
    const all = peers
        .flatMap(({ allowedIps, ...peer }) =>
            allowedIps.map((cidr) => ({ ...peer, cidr, length: Number(cidr.split("/")[1] ?? "128") })),
        )
        .filter(({ cidr }) => familyOf(cidr) === family)
        .sort((a, b) => b.length - a.length);
    const taken = new Map<string, Range[]>();
    return all.flatMap(({ name, interface: device, cidr }) => {
        // Of a peer that is on two interfaces, while a key is rotated, each has the same.
        const before = taken.get(device) ?? [];
        const range = rangeFor(cidr);
        const left = without(range, merged(before.filter((each) => intersection(each, range) !== undefined)));
        taken.set(device, [...before, range]);
        return left.map((part) => ({ name, interface: device, range: part }));
    });
}

/** Stretches that the wire gives to a peer and the program does not. */
export function misowned(wire: readonly Owned[], program: readonly Owned[]): Owned[] {
    const byName = new Map<string, Range[]>();
    for (const { name, range } of program) byName.set(name, [...(byName.get(name) ?? []), range]);
    const rights = new Map([...byName].map(([name, ranges]) => [name, merged(ranges)]));
    return wire.flatMap((owned) =>
        without(owned.range, rights.get(owned.name) ?? []).map((range) => ({ ...owned, range })),
    );
}

/** Addresses that can be sent to through a router, by family: not this network, loopback, link-local of IPv6 or multicast. */
export function routable(family: Family): Range[] {
    const away = family === 4 ? ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"] : ["::/8", "fe80::/10", "ff00::/8"];
    return without(family === 4 ? rangeFor("0.0.0.0/0") : rangeFor("::/0"), merged(away.map(rangeFor)));
}

/** What is left of several stretches. */
export function remaining(ranges: readonly Range[], taken: readonly Range[]): Range[] {
    const gone = merged(taken);
    return ranges.flatMap((range) => without(range, gone));
}

/** An address to show of a stretch: one for documentation where it has one. */
export function exampleIn(range: Range, family: Family): Num {
    const known = (family === 4 ? ["192.0.2.1", "203.0.113.1"] : ["2001:db8::1"]).map(rangeFor);
    return known.find((each) => isWithin(each, range))?.[0] ?? range[0];
}
