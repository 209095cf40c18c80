import { KeyOwners } from "../keys/owners.js";
import { contains, familyOf, parseRoute, parseSubnet, range } from "../addresses/index.js";
import { attempt } from "../errors.js";
import { parseUpstream } from "../caddy/upstream.js";
import { checkName, checkServiceName, checkUniqueNames } from "../names.js";
import { groupFaults, type Groups } from "../access/groups.js";
import { peerIn } from "../access/index.js";
import type { Fault } from "../fault.js";
import { refuse } from "./faults.js";

/**
 * A relay's arguments as far as they are known, in the form the schemas return. What is undefined and not optional another resource
 * supplies, and is not known yet.
 */
export interface PlainRelay {
    subnet: string;
    subnet6?: string | undefined;
    /** Networks behind the relay. */
    routes: string[] | undefined;
    mtu: number | undefined;
    /** The relay's own public key, when the program knows it. */
    publicKey?: string | undefined;
    peers: PlainPeer[];
    services: PlainService[];
    /** Names for sets of peers. Absent: none. */
    groups?: Groups | undefined;
    grants: PlainGrant[];
    /** Not every peer is known yet. */
    hasMorePeers?: boolean;
}

interface PlainGrant {
    from: (string | { peer: string; network: string | undefined })[];
    to: { peer?: string | undefined; network?: string | undefined };
}

interface PlainPeer {
    name: string;
    /** Absent when generated, or when it is an Output. */
    publicKey?: string | undefined;
    routes: string[] | undefined;
    /** Whether the peer's machine is managed. Default: false. */
    managed?: boolean;
}

interface PlainService {
    name: string;
    /** Absent when it is an Output. */
    upstream?: string | { peer: string; port: number } | undefined;
    allow: "everyone" | (string | { peer: string })[];
    on?: string | undefined;
}

/**
 * What only shows when a relay's arguments are seen together: names that are taken or missing, keys that are shared,
 * networks that overlap.
 *
 * @param subject what the relay is called, the start of every property path
 * @throws InvalidArgument naming every fault
 */
export function checkRelay(relay: PlainRelay, subject = "relay"): void {
    const faults: Fault[] = [];
    const fault = (path: string, problem: string, fix: string): void =>
        void faults.push({ path: `${subject}.${path}`, problem, fix });
    const at = (path: string, check: () => void): void =>
        attempt(check, ({ problem, fix }) => fault(path, problem, fix));

    checkNames(relay, at);
    checkKeys(relay, fault);
    checkNetworks(relay, at, fault);
    checkGroups(relay, fault);
    checkReferences(relay, fault);
    if (faults.length > 0) {
        refuse(subject, faults);
    }
}

type At = (path: string, check: () => void) => void;
type Report = (path: string, problem: string, fix: string) => void;

function checkNames(relay: PlainRelay, at: At): void {
    for (const kind of ["peers", "services"] as const) {
        const names = relay[kind].map(({ name }) => name);
        for (const name of names) {
            at(`${kind}.${name}`, () => (kind === "services" ? checkServiceName : checkName)(name, ""));
        }
        at(kind, () => checkUniqueNames(names, ""));
    }
}

function checkGroups({ groups = {}, peers, services, hasMorePeers = false }: PlainRelay, fault: Report): void {
    const names = { peers: peers.map(({ name }) => name), services: services.map(({ name }) => name) };
    for (const { path, problem, fix } of groupFaults({ groups, ...names, hasMorePeers })) fault(path, problem, fix);
}

function checkKeys(relay: PlainRelay, fault: Report): void {
    const owners = new KeyOwners();
    if (relay.publicKey !== undefined) owners.claim(relay.publicKey, "the relay", "publicKey");
    for (const { name, publicKey } of relay.peers) {
        if (publicKey === undefined) continue;
        const taken = owners.claim(publicKey, `"${name}"`, `peers.${name}.publicKey`);
        if (taken !== undefined) fault(taken.path, taken.problem, taken.fix);
    }
}

function checkNetworks(relay: PlainRelay, at: At, fault: Report): void {
    const { subnet, subnet6 } = relay;
    if (subnet6 !== undefined) {
        const hosts = 32 - parseSubnet(subnet, "subnet", 4).prefix;
        if (128 - parseSubnet(subnet6, "subnet6", 6).prefix < hosts) {
            const problem = `"${subnet6}" has fewer addresses than "${subnet}", and a peer has the same position in both`;
            fault("subnet6", problem, `choose a prefix length of at most /${128 - hosts}`);
        }
        if (relay.mtu !== undefined && relay.mtu < 1280) {
            fault(
                "mtu",
                `${relay.mtu} is less than IPv6 needs (RFC 8200)`,
                "choose 1280 or more, or leave subnet6 out",
            );
        }
    }
    const routes: Route[] = [];
    const collect = (owner: string, path: string, networks: string[]): void =>
        networks.forEach((network, index) =>
            at(`${path}[${index}]`, () => {
                const cidr = parseRoute(network, "", { subnet, subnet6 });
                routes.push({ cidr, owner, path: `${path}[${index}]`, ...range(cidr) });
            }),
        );
    collect("the relay", "routes", relay.routes ?? []);
    for (const peer of relay.peers) {
        collect(`"${peer.name}"`, `peers.${peer.name}.routes`, peer.routes ?? []);
    }
    checkOverlaps(routes, fault);
}

interface Route {
    cidr: string;
    owner: string;
    path: string;
    family: 4 | 6;
    first: bigint;
    last: bigint;
}

/** Sorted by first address, a network overlaps an earlier one exactly when it begins inside it. */
function checkOverlaps(routes: readonly Route[], fault: Report): void {
    const sorted = [...routes].sort(
        (a, b) => a.family - b.family || compare(a.first, b.first) || compare(b.last, a.last),
    );
    let widest: Route | undefined;
    for (const route of sorted) {
        if (widest?.family === route.family && route.first <= widest.last) {
            const problem = `"${route.cidr}" overlaps "${widest.cidr}" of ${widest.owner}`;
            fault(
                route.path,
                problem,
                "a network can be routed to one peer only: remove one of them, or make it narrower",
            );
        } else {
            widest = route;
        }
    }
}

function compare(a: bigint, b: bigint): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

function checkReferences(relay: PlainRelay, fault: Report): void {
    const peers = new Map(relay.peers.map((peer) => [peer.name, peer]));
    const isGroup = (name: string): boolean => Object.hasOwn(relay.groups ?? {}, name) && !peers.has(name);
    const listedOrGroup = (name: string, path: string): void => {
        if (isGroup(name)) return;
        if (!peers.has(name) && relay.hasMorePeers !== true) {
            fault(
                path,
                `refers to a peer that is not listed, "${name}"`,
                "add it to the relay's peers, or remove it here",
            );
        }
    };
    const listed = (name: string, path: string): void => {
        if (isGroup(name)) fault(path, `refers to "${name}", which is a group`, "name a single peer here");
        else listedOrGroup(name, path);
    };
    for (const { name, upstream, allow, on } of relay.services) {
        const path = `services.${name}`;
        if (typeof upstream === "object") {
            listed(upstream.peer, `${path}.upstream.peer`);
        } else if (upstream !== undefined) {
            checkUpstream(upstream, `${path}.upstream`, relay, fault);
        }
        if (allow !== "everyone") {
            allow.forEach((allowed, index) => listedOrGroup(peerIn(allowed), `${path}.allow[${index}]`));
        }
        if (on !== undefined) {
            listed(on, `${path}.on`);
            if (peers.get(on)?.managed === false) {
                const fix = "give the peer a `host`, or remove `on` so that TLS ends on the relay";
                fault(`${path}.on`, `refers to "${on}", which is not a managed peer`, fix);
            }
        }
    }
    relay.grants.forEach(({ from, to }, index) => {
        from.forEach((source, position) => {
            const path = `grants[${index}].from[${position}]`;
            if (typeof source === "string") {
                listedOrGroup(source, path);
                return;
            }
            listed(source.peer, path);
            checkGrantedNetwork(source.network, source.peer, `${path}.network`, relay, peers, fault);
            if (to.peer === undefined) {
                const problem = "is a network behind the relay, which has no route back to a network behind a peer";
                fault(`grants[${index}].to`, problem, "grant it to the peer itself");
            }
        });
        if (to.peer !== undefined) (to.network === undefined ? listedOrGroup : listed)(to.peer, `grants[${index}].to`);
        checkGrantedNetwork(to.network, to.peer, `grants[${index}].to.network`, relay, peers, fault);
    });
}

/** A tunnel address as text could change its owner; the implied grant is made only for a named peer. */
function checkUpstream(upstream: string, path: string, relay: PlainRelay, fault: Report): void {
    const { host, port } = parseUpstream(upstream, path);
    const tunnels = [relay.subnet, relay.subnet6].filter((network) => network !== undefined);
    if (/^[0-9.]+$|:/.test(host) && tunnels.some((network) => contains(network, host))) {
        fault(path, `"${upstream}" is an address of the tunnel`, `use the peer: { peer, port: ${port} }`);
    }
}

function checkGrantedNetwork(
    network: string | undefined,
    peer: string | undefined,
    path: string,
    relay: PlainRelay,
    peers: ReadonlyMap<string, PlainPeer>,
    fault: Report,
): void {
    if (network === undefined) return;
    const routes = peer === undefined ? relay.routes : peers.get(peer)?.routes;
    if (routes !== undefined && !routes.includes(network)) {
        const whose = peer === undefined ? "the relay's" : `"${peer}"'s`;
        const fix =
            routes.length > 0 ? `choose ${routes.join(" or ")}, or add it to the routes` : "add it to the routes";
        fault(path, `"${network}" is not one of ${whose} routes`, fix);
    }
    if (familyOf(network) === 6 && relay.subnet6 === undefined) {
        fault(
            path,
            `"${network}" is IPv6, and the relay has no subnet6`,
            "give the relay a subnet6, or grant something else",
        );
    }
}
