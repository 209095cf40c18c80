import { expand, parseRule, RELAY, type Access } from "./index.js";

/** One thing that a program allows: who may open connections to whom. Replies are implied. */
export interface Right {
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
    const parts: [by: string, part: Access][] = [
        ...Object.entries(access.services).map(([name, service]): [string, Access] => [
            `service ${name}`,
            { ...access, services: { [name]: service }, grants: [] },
        ]),
        ...access.grants.map((grant, index): [string, Access] => [
            `grants[${grant.position ?? index}]`,
            { ...access, services: {}, grants: [grant] },
        ]),
    ];
    const rights = new Map<string, Right>();
    for (const [by, part] of parts) {
        for (const text of Object.values(expand(part)).flat()) {
            const { from, to } = parseRule(text);
            const ports = text.slice(text.lastIndexOf(" ") + 1);
            const right = { from: names.get(from) ?? from, to: names.get(to) ?? to, ports, by };
            rights.set(Object.values(right).join("\n"), right);
        }
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
