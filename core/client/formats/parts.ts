import type { ClientConfig } from "../config.js";

/** The peer's tunnel addresses with prefix length, IPv4 first. */
export function addressesOf({ address, address6 }: ClientConfig): string[] {
    return address6 === undefined ? [`${address}/32`] : [`${address}/32`, `${address6}/128`];
}

/** wg-quick's DNS line holds resolvers, and domains to search in: addresses are the former. */
export function resolversOf({ dns = [] }: ClientConfig): { servers: string[]; domains: string[] } {
    const isAddress = (text: string): boolean => /^[0-9.]+$|:/.test(text);
    return { servers: dns.filter(isAddress), domains: dns.filter((text) => !isAddress(text)) };
}

/** "who on which relay", for a comment. */
export function titleOf({ peerName, relayName, appName }: ClientConfig): string {
    return `${peerName} on ${relayName} (${appName})`;
}
