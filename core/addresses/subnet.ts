import { InvalidArgument } from "../errors.js";
import { bigIntToAddress, overlaps, parseCidr, range } from "./cidr.js";
import type { Family } from "./cidr.js";

/** A network the tunnel lives in. */
export interface Subnet {
    cidr: string;
    family: Family;
    prefix: number;
    network: string;
    /** The relay's own address: the first host address. */
    relay: string;
    /** Lowest and highest address a peer may have, as numbers. */
    firstPeer: bigint;
    lastPeer: bigint;
}

/**
 * A tunnel's subnet: IPv4 from /8 to /30, or a unique local IPv6 network (RFC 4193, `fd00::/8`) from /48 to /124.
 *
 * The IPv4 broadcast address and the IPv6 subnet-router anycast address (RFC 4291, 2.6.1) cannot be used.
 */
export function parseSubnet(text: string, subject: string, family?: Family): Subnet {
    const cidr = parseCidr(text, subject);
    const { family: actual, first, last } = range(cidr);
    if (family !== undefined && family !== actual) {
        throw new InvalidArgument(
            subject,
            `"${text}" is an IPv${actual} network`,
            `give an IPv${family} network like ${EXAMPLE[family]}`,
        );
    }
    const prefix = Number(cidr.slice(cidr.indexOf("/") + 1));
    if (actual === 4) {
        checkPrefix(cidr, prefix, 8, 30, subject);
        refuseUnusable4(cidr, subject);
    } else {
        if (!ULA.test(cidr)) {
            throw new InvalidArgument(
                subject,
                `"${text}" is not a unique local network`,
                `choose one inside fd00::/8 (RFC 4193) like ${EXAMPLE[6]}`,
            );
        }
        checkPrefix(cidr, prefix, 48, 124, subject);
    }
    return {
        cidr,
        family: actual,
        prefix,
        network: bigIntToAddress(first, actual),
        relay: bigIntToAddress(first + 1n, actual),
        firstPeer: first + 2n,
        lastPeer: actual === 4 ? last - 1n : last,
    };
}

const EXAMPLE: Record<Family, string> = { 4: '"10.8.0.0/24"', 6: '"fd12:3456:789a::/64"' };

const ULA = /^fd[0-9a-f]{2}:/;

/** IPv4 networks that no interface can carry as its own (RFC 6890). */
const UNUSABLE4 = [
    ["0.0.0.0/8", '"this network"'],
    ["127.0.0.0/8", "loopback"],
    ["169.254.0.0/16", "link-local"],
    ["224.0.0.0/4", "multicast"],
    ["240.0.0.0/4", "reserved"],
] as const;

function checkPrefix(cidr: string, prefix: number, widest: number, narrowest: number, subject: string): void {
    if (prefix < widest || prefix > narrowest) {
        const problem = `"${cidr}" is too ${prefix < widest ? "large" : "small"} for a tunnel`;
        throw new InvalidArgument(subject, problem, `choose a prefix length from /${widest} to /${narrowest}`);
    }
}

function refuseUnusable4(cidr: string, subject: string): void {
    const bad = UNUSABLE4.find(([network]) => overlaps(network, cidr));
    if (bad !== undefined) {
        throw new InvalidArgument(
            subject,
            `"${cidr}" overlaps ${bad[0]} (${bad[1]})`,
            `choose a private network like ${EXAMPLE[4]}`,
        );
    }
}
