import { Address4, Address6 } from "ip-address";
import { InvalidArgument } from "../errors.js";

export type Family = 4 | 6;

/** A network as numbers: every address from `first` to `last`. */
export interface Range {
    family: Family;
    first: bigint;
    last: bigint;
}

/**
 * One address in canonical form.
 *
 * @param family refuses the other family
 * @throws InvalidArgument for a prefix length, a zone (`%eth0`), an IPv4-mapped IPv6 address, or no address at all
 */
export function parseAddress(text: string, subject: string, family?: Family): string {
    if (text.includes("/")) {
        const bare = text.slice(0, text.indexOf("/"));
        throw new InvalidArgument(
            subject,
            `"${text}" is a network, not a single address`,
            `write it without the prefix length: "${bare}"`,
        );
    }
    const parsed = read(text);
    if (parsed === undefined) {
        throw new InvalidArgument(subject, `"${text}" is not an IP address`, `write one like ${example(family)}`);
    }
    refuseSpecialForms(parsed, text, subject);
    if (family !== undefined && parsed.family !== family) {
        throw new InvalidArgument(
            subject,
            `"${text}" is an IPv${parsed.family} address`,
            `give an IPv${family} address`,
        );
    }
    return parsed.address.correctForm();
}

/**
 * A network in canonical CIDR form, `192.168.7.0/24`.
 *
 * @throws InvalidArgument for a missing prefix length or for host bits that are set (the error carries the canonical form)
 */
export function parseCidr(text: string, subject: string): string {
    const parsed = read(text);
    if (parsed === undefined) {
        throw new InvalidArgument(
            subject,
            `"${text}" is not a network`,
            'write one like "192.168.7.0/24" or "fd12:3456:789a::/64"',
        );
    }
    refuseSpecialForms(parsed, text, subject);
    const { address } = parsed;
    const host = address.correctForm();
    if (!text.includes("/")) {
        throw new InvalidArgument(
            subject,
            `"${text}" has no prefix length`,
            `write "${host}/${parsed.bits}" for the single address`,
        );
    }
    const network = address.startAddress().correctForm();
    const cidr = `${network}/${address.subnetMask}`;
    if (network !== host) {
        const one = `"${host}/${parsed.bits}" for the single address`;
        throw new InvalidArgument(
            subject,
            `"${text}" is an address inside a network`,
            `write "${cidr}" for the network, or ${one}`,
        );
    }
    return cidr;
}

export function familyOf(addressOrCidr: string): Family {
    return addressOrCidr.includes(":") ? 6 : 4;
}

export function addressToBigInt(address: string): bigint {
    return familyOf(address) === 4 ? new Address4(address).bigInt() : new Address6(address).bigInt();
}

export function bigIntToAddress(value: bigint, family: Family): string {
    return (family === 4 ? Address4.fromBigInt(value) : Address6.fromBigInt(value)).correctForm();
}

/** First and last address of a network; of a single address, itself. */
export function range(addressOrCidr: string): Range {
    const family = familyOf(addressOrCidr);
    const [address = "", prefix] = addressOrCidr.split("/");
    const value = addressToBigInt(address);
    const hostBits = BigInt(prefix === undefined ? 0 : (family === 4 ? 32 : 128) - Number(prefix));
    const first = (value >> hostBits) << hostBits;
    return { family, first, last: first + (1n << hostBits) - 1n };
}

/** Whether every address of `inner` (an address or a network) lies in `cidr`. */
export function contains(cidr: string, inner: string): boolean {
    const outer = range(cidr);
    const { family, first, last } = range(inner);
    return outer.family === family && outer.first <= first && last <= outer.last;
}

/** Whether two networks (or addresses) have an address in common. */
export function overlaps(cidrA: string, cidrB: string): boolean {
    return rangesOverlap(range(cidrA), range(cidrB));
}

export function rangesOverlap(a: Range, b: Range): boolean {
    return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/**
 * Whether an address is one that only a part of the world reaches: RFC 1918, carrier-grade NAT (RFC 6598), a unique
 * local one (RFC 4193) or link-local. A host name is not.
 */
export function isPrivate(text: string): boolean {
    const parsed = read(text);
    if (parsed === undefined) return false;
    if (parsed.family === 4)
        return parsed.address.isPrivate() || parsed.address.isCGNAT() || parsed.address.isLinkLocal();
    return parsed.address.isULA() || parsed.address.isLinkLocal();
}

/** `host:port`, with the brackets an IPv6 address needs. */
export function joinHostPort(host: string, port: number): string {
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

type Parsed = { family: 4; bits: 32; address: Address4 } | { family: 6; bits: 128; address: Address6 };

function read(text: string): Parsed | undefined {
    if (Address4.isValid(text)) {
        return { family: 4, bits: 32, address: new Address4(text) };
    }
    if (Address6.isValid(text)) {
        return { family: 6, bits: 128, address: new Address6(text) };
    }
    return undefined;
}

/** Forms that name the same host in a second way or only on one machine: no rule could match them reliably. */
function refuseSpecialForms(parsed: Parsed, text: string, subject: string): void {
    if (parsed.family === 4) {
        return;
    }
    if (parsed.address.zone !== "") {
        throw new InvalidArgument(subject, `"${text}" has a zone`, `write it without "${parsed.address.zone}"`);
    }
    if (parsed.address.isMapped4()) {
        const plain = parsed.address.to4().correctForm();
        throw new InvalidArgument(subject, `"${text}" is an IPv4-mapped IPv6 address`, `write "${plain}"`);
    }
}

function example(family: Family | undefined): string {
    const four = '"10.8.0.7"';
    const six = '"fd12:3456:789a::7"';
    return family === 4 ? four : family === 6 ? six : `${four} or ${six}`;
}
