import { routesOf } from "../registry/defaults.js";
import { contains, familyOf, parseAddress, parseCidr } from "../addresses/index.js";
import { InvalidArgument } from "../errors.js";
import { notRegistered } from "../registry/missing.js";
import type { AccessRule, GrantSource, Ports, RegistryPeer } from "../registry/model.js";
import { isPlain, longest, type RuleTerms, type Terms } from "./terms.js";

/** A relay's services and grants, names still unresolved. */
export interface Access {
    relay: { address: string; address6?: string };
    peers: Record<string, RegistryPeer>;
    services: Record<string, AccessibleService>;
    grants: AccessGrant[];
}

interface AccessibleService {
    port: number;
    /** The peer on whose machine it is served. Absent: on the relay. */
    on?: string;
    /** Names of peers. */
    allow: string[];
    /** On what conditions, by peer. Absent: on none. */
    terms?: Record<string, Terms>;
    /** The peer the proxy connects to: the relay needs its replies. */
    upstreamPeer?: { peer: string; port: number };
    /** The host the proxy connects to. Matters only when it is in a network behind a peer, for then its replies come through the tunnel. */
    upstreamHost?: { address: string; port: number };
}

export interface AccessGrant {
    from: GrantSource[];
    /** A peer's own addresses, a network behind a peer, or a network behind the relay. */
    to: { peer?: string; network?: string };
    ports: Ports[];
    /** Its place among the program's grants, where some of these are left out. */
    position?: number;
    /** On what conditions. Absent: on none. */
    terms?: Terms;
    /** Peers in `from` that groups alone name, with these. */
    fromGroups?: Record<string, readonly string[]>;
    /** The group that names the peer in `to`. */
    toGroup?: string;
}

/** Whose connections a grant is about. */
export function peerIn(source: string | { peer: string }): string {
    return typeof source === "string" ? source : source.peer;
}

/** The key of `expand` that stands for the relay's own connections. No peer can be called this. */
export const RELAY = "(relay)";

/**
 * Who may open which connections, as rule texts (`formatRule`) by source: a peer's name, or `RELAY`. Sorted, each once.
 * A source without any rule has no key.
 */
export function expand(args: Access): Record<string, string[]> {
    const rules = new Map<string, Set<string>>();
    for (const { source, rule } of flowsOf(args)) {
        const texts = rules.get(source) ?? new Set();
        rules.set(source, texts);
        texts.add(rule);
    }
    return Object.fromEntries(
        [...rules.keys()].sort().map((name): [string, string[]] => [name, [...rules.get(name)!].sort()]),
    );
}

/** On what conditions the rules of `expand` hold: where several services and grants allow the same, that of the longest. */
export function termsOf(args: Access): RuleTerms {
    const best = new Map<string, AllowedFlow>();
    for (const flow of flowsOf(args)) {
        const known = best.get(flow.rule);
        const terms = known === undefined ? flow.terms : longest(known.terms, flow.terms);
        if (terms === undefined) throw timesDiffer(known!, flow);
        best.set(flow.rule, { ...flow, terms });
    }
    return Object.fromEntries(
        [...best.values()].filter(({ terms }) => !isPlain(terms)).map(({ rule, terms }) => [rule, terms]),
    );
}

function timesDiffer({ rule, by }: AllowedFlow, other: AllowedFlow): InvalidArgument {
    return new InvalidArgument(
        other.by,
        `allows ${rule} at other times than ${by}, and neither at all times of both`,
        "give both the same `window`, or make one of them",
    );
}

/** One rule that a service or a grant makes. */
export interface AllowedFlow {
    /** A peer's name, or `RELAY`. */
    source: string;
    rule: string;
    /** What allows it: `service wiki`, or `grants[0]`. */
    by: string;
    terms: Terms;
}

/** Every rule of every service and grant. */
export function* flowsOf({ relay, peers, services, grants }: Access): Generator<AllowedFlow> {
    for (const [name, service] of Object.entries(services)) {
        const { port, on, allow, terms = {}, upstreamPeer, upstreamHost } = service;
        const by = `service ${name}`;
        const at = on === undefined ? relay : peerOf(peers, on, `services.${name}.on`);
        for (const peer of allow) {
            const from = peerOf(peers, peer, `services.${name}.allow`);
            if (peer === on) continue;
            yield* flows({ source: peer, by, terms: terms[peer] ?? {} }, from, at, tcp(port));
        }
        const own = { source: on ?? RELAY, by, terms: {} };
        // What the proxy asks on its own machine, or behind it, does not go through the tunnel.
        if (upstreamPeer !== undefined && upstreamPeer.peer !== on) {
            const to = peerOf(peers, upstreamPeer.peer, `services.${name}.upstream`);
            yield* flows(own, at, to, tcp(upstreamPeer.port));
        }
        if (upstreamHost !== undefined && isBehindPeer(peers, upstreamHost.address, on))
            yield* flows(own, at, byFamily(upstreamHost.address), tcp(upstreamHost.port));
    }
    for (const [index, grant] of grants.entries()) yield* flowsOfGrant(grant, grant.position ?? index, peers);
}

function* flowsOfGrant(grant: AccessGrant, index: number, peers: Access["peers"]): Generator<AllowedFlow> {
    const { toGroup, fromGroups = {}, terms = {} } = grant;
    const to = destination(peers, grant.to, `grants[${index}].to`);
    for (const source of grant.from) {
        const peer = peerIn(source);
        const from = sourceOf(peers, source, `grants[${index}].from`);
        if (peer === grant.to.peer) continue;
        if (pairs(from, to).length === 0) throw familiesDiffer(index, source, grant.to);
        const groups = [
            ...((typeof source === "string" && fromGroups[source]) || []),
            ...(toGroup === undefined ? [] : [toGroup]),
        ];
        const flow = {
            source: peer,
            by: `grants[${index}]`,
            terms: groups.length === 0 ? terms : { ...terms, groups },
        };
        for (const ports of grant.ports) yield* flows(flow, from, to, ports);
    }
}

function* flows(flow: Omit<AllowedFlow, "rule">, from: Addresses, to: Addresses, ports: Ports): Generator<AllowedFlow> {
    for (const [source, destination] of pairs(from, to))
        yield { ...flow, rule: formatRule({ from: source, to: destination, ports }) };
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
        from: from!.includes("/") ? parseCidr(from!, subject) : parseAddress(from!, subject),
        to: to!.includes("/") ? parseCidr(to!, subject) : parseAddress(to!, subject),
        ports:
            portless !== undefined
                ? { protocol: portless as "icmp" | "all" }
                : { protocol: protocol as "tcp" | "udp", first: Number(first), last: Number(last ?? first) },
    };
    if (familyOf(rule.from) !== familyOf(rule.to)) throw notARule(text, "mixes IPv4 and IPv6");
    const { first: low = 1, last: high = low } = rule.ports;
    if (low < 1 || high < low || high > 65535) throw notARule(text, "has ports outside 1-65535 or backwards");
    if (formatRule(rule) !== text) throw notARule(text, "is not in canonical form");
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
    if (peer === undefined) throw notRegistered(path, `"${name}"`);
    return peer;
}

function destination(peers: Record<string, RegistryPeer>, to: AccessGrant["to"], path: string): Addresses {
    if (to.network !== undefined) {
        if (to.peer !== undefined && !routesOf(peerOf(peers, to.peer, path)).includes(to.network)) {
            throw notRegistered(path, `the route ${to.network} of "${to.peer}"`);
        }
        return byFamily(to.network);
    }
    if (to.peer === undefined) throw new InvalidArgument(path, "is neither a peer nor a network", "name one");
    return peerOf(peers, to.peer, path);
}

/** A peer's own addresses, or a network behind it. */
function sourceOf(peers: Record<string, RegistryPeer>, source: GrantSource, path: string): Addresses {
    return typeof source === "string" ? peerOf(peers, source, path) : destination(peers, source, path);
}

function familiesDiffer(index: number, source: GrantSource, to: AccessGrant["to"]): InvalidArgument {
    const path = `grants[${index}].to`;
    if (typeof source === "object")
        return new InvalidArgument(
            path,
            `cannot be reached from ${source.network}: one is IPv4, the other IPv6`,
            "grant a network of the same family",
        );
    return new InvalidArgument(
        path,
        `"${source}" has no IPv6 address, which access to ${to.network} needs`,
        "give the relay a subnet6, or grant an IPv4 network",
    );
}

/** @param except whose own networks do not count */
function isBehindPeer(peers: Record<string, RegistryPeer>, address: string, except?: string): boolean {
    return Object.entries(peers).some(
        ([name, peer]) => name !== except && routesOf(peer).some((route) => contains(route, address)),
    );
}

function byFamily(text: string): Addresses {
    return familyOf(text) === 6 ? { address6: text } : { address: text };
}

function tcp(port: number): Ports {
    return { protocol: "tcp", first: port, last: port };
}

/** As a grant has them: "tcp/22", "tcp/8000-8100", "icmp", "all". */
export function formatPorts({ protocol, first, last }: Ports): string {
    if (first === undefined) return protocol;
    return last === undefined || last === first ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
}

function notARule(text: string, problem: string): InvalidArgument {
    return new InvalidArgument(`access rule "${text}"`, problem, 'write it like "10.8.0.2 -> 10.8.0.1 tcp/8443"');
}
