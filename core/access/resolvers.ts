import { parseRule } from "./index.js";
import { contains, familyOf } from "../addresses/index.js";
import type { RegistryPeer } from "../registry/model.js";
import { routesOf } from "../registry/defaults.js";

/** A relay, as far as its peers' resolvers depend on it. */
export interface ResolverArgs {
    /** `dns` of the relay: addresses, and search domains, which are left alone. */
    dns: readonly string[];
    /** The relay's own addresses. */
    own: readonly string[];
    /** The tunnel's networks, and those behind the relay. */
    networks: readonly string[];
    peers: Record<string, RegistryPeer>;
    /** Rule texts by source. */
    rules: Record<string, string[]>;
}

/**
 * Resolvers that peers are told of and that do not answer them, a sentence each: a configuration with such a one as its only
 * resolver looks as if there were no internet at all.
 */
export function unansweredResolvers({ dns, own, networks, peers, rules }: ResolverArgs): string[] {
    const inside = [...networks, ...Object.values(peers).flatMap(routesOf)];
    return dns.flatMap((resolver) => {
        if (!isAddress(resolver) || !inside.some((network) => contains(network, resolver))) return [];
        if (own.includes(resolver))
            return [
                `dns: ${resolver} is the relay itself, and peers cannot reach a resolver there; run the resolver on a peer, with a grant for udp/53 and tcp/53, or remove \`dns\``,
            ];
        const owner = Object.entries(peers).find(([, { address, address6 }]) =>
            [address, address6].includes(resolver),
        )?.[0];
        const lacking = Object.keys(peers).filter(
            (name) => name !== owner && !(rules[name] ?? []).some((rule) => answers(rule, resolver)),
        );
        if (lacking.length === 0) return [];
        const who = lacking.length > FEW ? `${lacking.length} peers` : lacking.sort().join(", ");
        return [
            `dns: no grant allows ${who} to query ${resolver}${owner === undefined ? "" : ` (${owner})`}, so names do not resolve there; grant udp/53 and tcp/53 to it, or remove \`dns\``,
        ];
    });
}

const FEW = 5;

function isAddress(text: string): boolean {
    return /^[0-9.]+$|:/.test(text);
}

/** Whether a rule allows queries to a resolver. */
function answers(rule: string, resolver: string): boolean {
    const { to, ports } = parseRule(rule);
    if (familyOf(to) !== familyOf(resolver) || !contains(to, resolver)) return false;
    const { protocol, first = 0, last = 0 } = ports;
    return protocol === "all" || (protocol === "udp" && first <= 53 && 53 <= last);
}
