import { contains, overlaps, parseAddress, parseCidr } from "../addresses/index.js";
import { parsePorts } from "../arguments/text.js";
import { InvalidArgument } from "../errors.js";
import type { Ports } from "../registry/model.js";
import { RELAY } from "./index.js";
import type { Groups } from "./groups.js";
import type { Right } from "./rights.js";

/** A destination to ask about: `grafana`, `nas:tcp/22`, `192.168.7.0/24:icmp`, `internet`. */
export interface Target {
    /** As it was written. */
    text: string;
    /** A peer or `(relay)`, a network or address, everything that is not private, or a service. */
    to: { name: string } | { network: string } | { internet: true } | { service: string };
    /** Absent: any. */
    ports?: Ports;
}

/** What the names in a target can mean. */
export interface Known {
    /** Names of peers, with their addresses where these are known. */
    peers: Readonly<Record<string, readonly string[]>>;
    services: readonly string[];
    /** Names for sets of peers. Absent: none. */
    groups?: Groups;
    /** The tunnel's own networks: each address in them is a peer's, which has a name. */
    subnets: readonly string[];
}

/**
 * A target as a person writes it. A service is called by its name alone; a name that is a peer's and a service's means the service, unless
 * ports follow.
 *
 * @param path of the argument, for errors
 * @throws InvalidArgument
 */
export function parseTarget(text: string, known: Known, path: string): Target {
    const [, place = "", written] = WITH_PORTS.exec(text) ?? [];
    const ports = written === undefined ? {} : { ports: parsePorts(written, path) };
    if (written === undefined && known.services.includes(place)) return { text, to: { service: place } };
    if (Object.hasOwn(known.peers, place)) return { text, to: { name: place }, ...ports };
    if (place === "relay" || place === RELAY) return { text, to: { name: RELAY }, ...ports };
    if (place === "internet") return { text, to: { internet: true }, ...ports };
    if (!/^[0-9a-f.:/]+$/i.test(place) || !isNetwork(place)) throw unknown(place, known, path);
    const network = place.includes("/") ? parseCidr(place, path) : parseAddress(place, path);
    const owner = Object.keys(known.peers).find((name) => known.peers[name]?.includes(network));
    if (owner !== undefined) return { text, to: { name: owner }, ...ports };
    if (known.subnets.some((subnet) => overlaps(subnet, network))) {
        const problem = `${network} is in the tunnel's own network`;
        throw new InvalidArgument(path, problem, "name peers instead of their addresses");
    }
    return { text, to: { network }, ...ports };
}

/**
 * The same, one for each peer that a group's name means.
 *
 * @param source the peer that asks: as a member of a group it is not a target of its own
 * @throws InvalidArgument
 */
export function parseTargets(text: string, known: Known, path: string, source?: string): Target[] {
    const [, place = "", written] = WITH_PORTS.exec(text) ?? [];
    const isGroup = known.groups !== undefined && Object.hasOwn(known.groups, place);
    if (!isGroup) return [parseTarget(text, known, path)];
    const ports = written === undefined ? {} : { ports: parsePorts(written, path) };
    const members = [...new Set(known.groups?.[place])].filter((name) => name !== source);
    return members.map((name) => ({ text, to: { name }, ...ports }));
}

/** Whether one end of a right is a network or an address: the names of peers have neither dots nor colons. */
export function isNetwork(place: string): boolean {
    return /[.:]/.test(place);
}

/** Whether something that is allowed reaches a part of the target. */
export function touches(right: Right, target: Target): boolean {
    return isAt(right, target.to, "part") && portsMeet(parsePorts(right.ports, ""), target.ports ?? ALL);
}

/** Whether what is allowed, taken together, reaches all of the target. */
export function cover(rights: readonly Right[], target: Target): boolean {
    const there = rights.filter((right) => isAt(right, target.to, "whole"));
    if (target.ports === undefined) return there.length > 0;
    return portsCovered(
        there.map(({ ports }) => parsePorts(ports, "")),
        target.ports,
    );
}

const ALL: Ports = { protocol: "all" };
const WITH_PORTS = /^(.*?)(?::((?:tcp|udp)\/[0-9-]+|icmp|all))?$/s;

/** Whether a right's destination has a part of the target, or all of it. */
function isAt({ to: place, by }: Right, target: Target["to"], much: "part" | "whole"): boolean {
    if ("service" in target) return by === `service ${target.service}`;
    if ("name" in target) return place === target.name;
    if (!isNetwork(place)) return false;
    if ("network" in target) return (much === "part" ? overlaps : contains)(place, target.network);
    return much === "part" ? !NOT_INTERNET.some((network) => contains(network, place)) : place.endsWith("/0");
}

/** RFC 1918, RFC 6598, link-local, loopback, and unique local addresses (RFC 4193). */
const NOT_INTERNET = [
    ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"],
    ...["fc00::/7", "fe80::/10", "::1/128"],
];

function portsMeet(allowed: Ports, wanted: Ports): boolean {
    if (allowed.protocol === "all" || wanted.protocol === "all") return true;
    if (allowed.protocol !== wanted.protocol) return false;
    const [[first, last], [from, to]] = [ends(allowed), ends(wanted)];
    return first <= to && from <= last;
}

/** Whether some allowed ports, taken together, are all that are wanted. */
export function portsCovered(allowed: readonly Ports[], wanted: Ports): boolean {
    if (allowed.some(({ protocol }) => protocol === "all")) return true;
    const same = allowed.filter(({ protocol }) => protocol === wanted.protocol);
    const [from, to] = ends(wanted);
    let next = from;
    for (const [first, last] of same.map(ends).sort(([a], [b]) => a - b))
        if (first <= next) next = Math.max(next, last + 1);
    return same.length > 0 && next > to;
}

/** All ports of a protocol, where it has none. */
function ends({ first = 0, last = first }: Ports): [number, number] {
    return [first, last];
}

function unknown(place: string, { peers, services }: Known, path: string): InvalidArgument {
    const names = [...services, ...Object.keys(peers)];
    const listed = names.length === 0 ? "" : names.length > 8 ? `, for instance ${names[0]}` : `: ${names.join(", ")}`;
    return new InvalidArgument(
        path,
        `"${place}" is neither a peer, a service nor a network`,
        `name one${listed}; or internet, or relay`,
    );
}
