import { flowsOf, parseRule, RELAY, type Access } from "./index.js";
import { longest, type Terms } from "./terms.js";

/** One thing that a program allows: who may open connections to whom. Replies are implied. */
export interface Right extends Terms {
    /** A peer, a network behind one (CIDR), or `(relay)`: the proxy's own connections to a service's upstream. */
    from: string;
    /** A peer, a network or address behind one, a network behind the relay, or `(relay)`. */
    to: string;
    /** As in a grant: `tcp/22`, `tcp/8000-8100`, `icmp`, `all`. */
    ports: string;
    /** What allows it: `service wiki`, or `grants[0]`. */
    by: string;
}

/** Who is allowed to reach what, and why, with names in place of addresses. Sorted, each once. */
export function rightsOf(access: Access): Right[] {
    const names = namesOf(access);
    const rights = new Map<string, Right>();
    for (const { rule, by, terms } of flowsOf(access)) {
        const { from, to } = parseRule(rule);
        const ports = rule.slice(rule.lastIndexOf(" ") + 1);
        const right = { from: names.get(from) ?? from, to: names.get(to) ?? to, ports, by };
        const key = Object.values(right).join("\n");
        const known = rights.get(key);
        rights.set(key, {
            ...right,
            ...given(known === undefined ? terms : (longest(termsIn(known), terms) ?? terms)),
        });
    }
    return [...rights].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, right]) => right);
}

function namesOf({ relay, peers }: Access): Map<string, string> {
    const all = [[RELAY, relay] as const, ...Object.entries(peers)];
    return new Map(
        all.flatMap(([name, { address, address6 }]): [string, string][] => [
            [address, name],
            ...(address6 === undefined ? [] : [[address6, name] as [string, string]]),
        ]),
    );
}

/** The conditions of a right alone. */
export function termsIn({ until, window, reason, ticket, groups }: Terms): Terms {
    return { until, window, reason, ticket, groups };
}

/** Without conditions that there are not. */
function given(terms: Terms): Terms {
    return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}
