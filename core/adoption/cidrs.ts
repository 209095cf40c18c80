/** Addresses and networks as WireGuard's own files spell them. */
import { addressToBigInt, bigIntToAddress, familyOf, parseAddress } from "../addresses/index.js";
import { attempt, InvalidArgument } from "../errors.js";

/** An address with its prefix length, host bits and all. */
export interface Own {
    text: string;
    address: string;
    prefix: number;
}

/** Allowed IPs in one form, sorted, to be compared. */
export function canonicalNetworks(texts: readonly string[]): string {
    const one = (text: string): string =>
        attempt(
            () => canonical(text, ""),
            () => undefined,
        ) ?? text;
    return [...new Set(texts.map(one))].sort().join();
}

/** As wg reads it: host bits do not count, a missing prefix length is one address. */
export function canonical(text: string, subject: string): string {
    const { address, prefix } = split(text, subject);
    return networkOf(address, prefix, familyOf(address) === 4 ? 32 : 128);
}

export function split(text: string, subject: string): Own {
    const [host = "", length] = text.split("/");
    const address = parseAddress(host, subject);
    const bits = familyOf(address) === 4 ? 32 : 128;
    const prefix = length === undefined ? bits : Number(length);
    if (!/^\d{1,3}$/.test(length ?? "0") || prefix > bits)
        throw new InvalidArgument(subject, `"${text}" has no prefix length up to ${bits}`, "correct it");
    return { text: `${address}/${prefix}`, address, prefix };
}

export function networkOf(address: string, prefix: number, bits: number): string {
    const rest = BigInt(bits - prefix);
    return `${bigIntToAddress((addressToBigInt(address) >> rest) << rest, bits === 32 ? 4 : 6)}/${prefix}`;
}

export function isHost(text: string): boolean {
    return /^[^/]+(?:\/32)?$/.test(text) ? familyOf(text) === 4 || !text.includes("/") : /\/128$/.test(text);
}

export function bare(text: string): string {
    const [host = ""] = text.split("/");
    return parseAddress(host, "AllowedIPs");
}
