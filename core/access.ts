import { routesOf } from "./registry/defaults.js";
import { contains, familyOf, parseAddress, parseCidr } from "./addresses.js";
import { InvalidArgument } from "./errors.js";
import type { AccessRule, Ports, RegistryPeer } from "./model.js";

/** A relay's services and grants, names still unresolved. */
export interface Access {
    relay: { address: string; address6?: string };
    peers: Record<string, RegistryPeer>;
    services: Record<string, AccessibleService>;
    grants: AccessGrant[];
}

export interface AccessibleService {
    port: number;
    /** Names of peers. */
    allow: string[];
    /** The peer the proxy connects to: the relay needs its replies. */
    upstreamPeer?: { peer: string; port: number };
    /** The host the proxy connects to. Matters only when it is in a network behind a peer, for then its replies come through the tunnel. */
    upstreamHost?: { address: string; port: number };
}

export interface AccessGrant {
    /** Names of peers. */
    from: string[];
    /** A peer's own addresses, a network behind a peer, or a network behind the relay. */
    to: { peer?: string; network?: string };
    ports: Ports[];
}

/** The key of `expand` that stands for the relay's own connections. No peer can be called this. */
export const RELAY = "(relay)";

/**
 * Who may open which connections, as rule texts (`formatRule`) by source: a peer's name, or `RELAY`. Sorted, each once.
 * A source without any rule has no key.
 */
export function expand(args: Access): Record<string, string[]> {
    const rules = new Map<string, Set<string>>();
    const allow = (name: string, from: Addresses, to: Addresses, ports: Ports): void => {
        const texts = rules.get(name) ?? new Set();
        rules.set(name, texts);
        for (const [source, destination] of pairs(from, to))
            texts.add(formatRule({ from: source, to: destination, ports }));
    };

    for (const [name, service] of Object.entries(args.services)) {
        for (const peer of service.allow) {
            const from = peerOf(args.peers, peer, `services.${name}.allow`);
            allow(peer, from, args.relay, tcp(service.port));
        }
        if (service.upstreamPeer !== undefined) {
            const to = peerOf(args.peers, service.upstreamPeer.peer, `services.${name}.upstream`);
            allow(RELAY, args.relay, to, tcp(service.upstreamPeer.port));
        }
        if (service.upstreamHost !== undefined && isBehindPeer(args.peers, service.upstreamHost.address)) {
            allow(RELAY, args.relay, byFamily(service.upstreamHost.address), tcp(service.upstreamHost.port));
        }
    }
    args.grants.forEach((grant, index) => {
        const to = destination(args.peers, grant.to, `grants[${index}].to`);
        for (const peer of grant.from) {
            const from = peerOf(args.peers, peer, `grants[${index}].from`);
            if (peer === grant.to.peer) continue;
            if (pairs(from, to).length === 0) {
                throw new InvalidArgument(
                    `grants[${index}].to`,
                    `"${peer}" has no IPv6 address to reach ${grant.to.network} from`,
                    "give the relay a subnet6, or grant an IPv4 network",
                );
            }
            for (const ports of grant.ports) allow(peer, from, to, ports);
        }
    });

    return Object.fromEntries(
        [...rules.keys()].sort().map((name): [string, string[]] => [name, [...rules.get(name)!].sort()]),
    );
}

/** "10.8.0.2 -> 10.8.0.1 tcp/8443", "10.8.0.2 -> 192.168.7.0/24 tcp/8000-8100", "… icmp", "… all". */
export function formatRule(rule: AccessRule): string {
    return `${rule.from} -> ${rule.to} ${formatPorts(rule.ports)}`;
}

/**
 * The inverse of `formatRule`; takes nothing that it would not print.
 *
 * @throws InvalidArgument
 */
export function parseRule(text: string): AccessRule {
    const match = /^(\S+) -> (\S+) (?:(tcp|udp)\/([0-9]{1,5})(?:-([0-9]{1,5}))?|(icmp|all))$/.exec(text);
    if (match === null) throw notARule(text, "is not an access rule");
    const [, from, to, protocol, first, last, portless] = match;
    const subject = `access rule "${text}"`;
    const rule: AccessRule = {
        from: parseAddress(from!, subject),
        to: to!.includes("/") ? parseCidr(to!, subject) : parseAddress(to!, subject),
        ports:
            portless !== undefined
                ? { protocol: portless as "icmp" | "all" }
                : { protocol: protocol as "tcp" | "udp", first: Number(first), last: Number(last ?? first) },
    };
    if (familyOf(rule.from) !== familyOf(rule.to)) throw notARule(text, "mixes IPv4 and IPv6");
    const { first: low = 1, last: high = low } = rule.ports;
    if (low < 1 || high < low || high > 65535) throw notARule(text, "has ports outside 1-65535 or backwards");
    if (formatRule(rule) !== text) throw notARule(text, "is not in its one written form");
    return rule;
}

interface Addresses {
    /** Absent for an IPv6 network. */
    address?: string;
    address6?: string;
}

/** Only what both have: v4 with v4, v6 with v6. */
function pairs(from: Addresses, to: Addresses): [string, string][] {
    const found: [string, string][] = [];
    if (from.address !== undefined && to.address !== undefined) found.push([from.address, to.address]);
    if (from.address6 !== undefined && to.address6 !== undefined) found.push([from.address6, to.address6]);
    return found;
}

function peerOf(peers: Record<string, RegistryPeer>, name: string, path: string): RegistryPeer {
    const peer = Object.hasOwn(peers, name) ? peers[name] : undefined;
    if (peer === undefined)
        throw new InvalidArgument(path, `"${name}" is not a peer of this relay`, "add it to peers, or remove it here");
    return peer;
}

function destination(peers: Record<string, RegistryPeer>, to: AccessGrant["to"], path: string): Addresses {
    if (to.network !== undefined) {
        if (to.peer !== undefined && !routesOf(peerOf(peers, to.peer, path)).includes(to.network)) {
            throw new InvalidArgument(path, `${to.network} is not a route of "${to.peer}"`, "grant one of its routes");
        }
        return byFamily(to.network);
    }
    if (to.peer === undefined) throw new InvalidArgument(path, "names neither a peer nor a network", "name one");
    return peerOf(peers, to.peer, path);
}

function isBehindPeer(peers: Record<string, RegistryPeer>, address: string): boolean {
    return Object.values(peers).some((peer) => routesOf(peer).some((route) => contains(route, address)));
}

function byFamily(text: string): Addresses {
    return familyOf(text) === 6 ? { address6: text } : { address: text };
}

function tcp(port: number): Ports {
    return { protocol: "tcp", first: port, last: port };
}

function formatPorts({ protocol, first, last }: Ports): string {
    if (first === undefined) return protocol;
    return last === undefined || last === first ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
}

function notARule(text: string, problem: string): InvalidArgument {
    return new InvalidArgument(`access rule "${text}"`, problem, 'write it like "10.8.0.2 -> 10.8.0.1 tcp/8443"');
}
