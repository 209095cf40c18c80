import { contains, overlaps } from "../addresses/index.js";
import { parseRule } from "../access/index.js";

/**
 * A managed peer's machine, seen from there: a leaf has one WireGuard peer, the relay, and a firewall that lets through
 * what the relay lets through to and from it.
 */
export interface Leaf {
    address: string;
    address6?: string;
    /** Networks behind it, CIDR. */
    routes: string[];
}

/** What the resources on a managed peer's machine are told instead of a relay's name: no relay can be called this. */
export function leafName(relay: string, peer: string): string {
    return `${relay}/${peer}`;
}

/** "relay office", or "managed peer nas of relay office", for sentences. @param name a relay's, or from `leafName` */
export function describeRelay(name: string): string {
    const [relay = name, peer] = name.split("/");
    return peer === undefined ? `relay ${relay}` : `managed peer ${peer} of relay ${relay}`;
}

/** Of a relay's rules, by who opens the flows, those that begin or end at a leaf or behind it. */
export function leafRules(rules: Record<string, string[]>, leaf: Leaf): Record<string, string[]> {
    return Object.fromEntries(
        Object.entries(rules)
            .map(([source, texts]): [string, string[]] => [
                source,
                texts.filter((text) => {
                    const { from, to } = parseRule(text);
                    return isAt(leaf, from) || isAt(leaf, to);
                }),
            ])
            .filter(([, texts]) => texts.length > 0),
    );
}

/**
 * Networks outside of the tunnel that a leaf exchanges packets with through the relay, sorted: others' networks that it or
 * the hosts behind it have access to, or that have access to them.
 *
 * @param networks all that the relay leads to
 */
export function leafNetworks(rules: Record<string, string[]>, leaf: Leaf, networks: string[]): string[] {
    const far = Object.values(rules)
        .flat()
        .map(parseRule)
        .flatMap(({ from, to }) => [...(isAt(leaf, from) ? [to] : []), ...(isAt(leaf, to) ? [from] : [])]);
    return networks
        .filter((network) => !leaf.routes.includes(network))
        .filter((network) => far.some((end) => overlaps(network, end)))
        .sort();
}

function isAt({ address, address6, routes }: Leaf, end: string): boolean {
    return end === address || end === address6 || routes.some((route) => contains(route, end));
}
