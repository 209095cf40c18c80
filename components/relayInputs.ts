import * as pulumi from "@pulumi/pulumi";

import { expand, peerIn, termsOf, type Access, type AccessGrant } from "../core/access/index.js";
import { isTimed, renderTerms, type RuleTerms } from "../core/access/terms.js";
import {
    renderAdmittedPeers,
    renderAdmittedRules,
    renderAdmittedServices,
    type Admitted,
} from "../core/protocol/admitted.js";
import { joinHostPort, unroutable } from "../core/addresses/index.js";
import { parseUpstream } from "../core/caddy/upstream.js";
import { routesOf } from "../core/registry/defaults.js";
import type { Ledger, ProxyService } from "../core/registry/model.js";
import { notRegistered } from "../core/registry/missing.js";
import type { SuppliedPeer } from "./listedPeers.js";
import type { ListedGrant } from "./listedGrant.js";
import type { ListedService, ResolvedRelay } from "./relayArguments.js";

/** Addresses and ports, as the registry allocated them. Not known as long as another resource has yet to say which peers there are. */
export type LedgerOutput = pulumi.Output<KnownLedger>;

interface KnownLedger extends Pick<Ledger, "peers" | "services"> {
    /** Peers that other resources list. Absent: none. */
    supplied?: SuppliedPeer[] | undefined;
}

/**
 * The services as a proxy serves them. Upstreams that another resource supplies are resolved first.
 *
 * @param on the managed peer whose proxy it is; undefined: the relay's
 */
export function proxyServices(
    resolved: ResolvedRelay,
    ledger: LedgerOutput,
    on?: string,
): pulumi.Output<Record<string, ProxyService>> {
    const services = resolved.services.filter(({ plain }) => plain.on === on);
    return pulumi.all([ledger, upstreams(services)]).apply(([known, hosts]) => {
        const { peers, services: ports } = known;
        return Object.fromEntries(
            services.filter(isServed(expiredOf(resolved, known))).map(({ name, plain }) => {
                const { upstream, certificate, keyExchange } = plain;
                const at = isPeer(upstream)
                    ? joinHostPort(
                          upstream.peer === on ? LOCALHOST : (peers[upstream.peer]?.address ?? ""),
                          upstream.port,
                      )
                    : canonical(hosts[name] ?? "", name);
                return [name, { port: portOf(ports, name), upstream: at, certificate, keyExchange }];
            }),
        );
    });
}

/** Who may open what, by source. */
export function accessRules(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Record<string, string[]>> {
    return accessOf(resolved, ledger).apply(expand);
}

/** On what conditions, by rule. */
export function accessTerms(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<RuleTerms> {
    return accessOf(resolved, ledger).apply(termsOf);
}

/** Whether the program has conditions for anything, also one that is only a group's name. */
export function hasTerms({ services, grants }: ResolvedRelay): boolean {
    return (
        services.some(({ terms }) => Object.keys(terms).length > 0) ||
        grants.some((grant) => (grant.terms ?? grant.fromGroups ?? grant.toGroup) !== undefined)
    );
}

/** Whether anything that the program allows ends. */
export function hasEnds({ services, grants }: ResolvedRelay): boolean {
    return (
        services.some(({ terms }) => Object.values(terms).some(isTimed)) ||
        grants.some(({ terms }) => terms !== undefined && isTimed(terms))
    );
}

/** What services and grants allow, with the addresses of those who count. */
export function accessOf(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Access> {
    const { services, grants, peers } = resolved;
    return pulumi
        .all([ledger, upstreams(services), pulumi.output(grants.map(wholly)), pulumi.output(decidingRoutes(resolved))])
        .apply(([known, hosts, all]) =>
            accessAt({ ...resolved, peers, grants: all }, known, hosts as Record<string, string>),
        );
}

/** One grant, all of it known. */
type KnownGrant = AccessGrant;

/** Access as far as it is known: of the grants, all or those that are plain in the program. */
type KnownAccess = Omit<ResolvedRelay, "grants"> & { grants: KnownGrant[] };

/** For an Output of all grants: the types of their parts get lost in one. */
function wholly(grant: ListedGrant): pulumi.Output<KnownGrant> {
    return pulumi.output(grant);
}

/** Who is allowed to connect to where, ports aside: what configurations need of grants. */
export function directionsOf({ grants }: ResolvedRelay): pulumi.Output<Omit<KnownGrant, "ports">[]> {
    const all = grants.map(({ from, to }) => pulumi.output({ from, to }) as pulumi.Output<Omit<KnownGrant, "ports">>);
    return pulumi.output(all);
}

/** Networks behind peers that rules depend on: rules are not known before these are. */
function decidingRoutes({ peers, services, grants }: ResolvedRelay): pulumi.Output<string[]>[] {
    const granted = new Set(grants.flatMap(peersOfNetworks));
    const proxied = services.some(({ plain: { upstream } }) => !isPeer(upstream) && mayBeBehindPeer(upstream));
    return peers.flatMap(({ name, plain: { routes } }) =>
        pulumi.Output.isInstance(routes) && (proxied || granted.has(name)) ? [routes] : [],
    );
}

/** Peers of which a grant names a network. */
function peersOfNetworks({ from, to }: ListedGrant): string[] {
    const origins = from.flatMap((origin) => (typeof origin === "string" ? [] : [origin.peer]));
    return to.peer === undefined || to.network === undefined ? origins : [...origins, to.peer];
}

function mayBeBehindPeer(upstream: string | object): boolean {
    if (typeof upstream !== "string") return true;
    const { host } = parseUpstream(upstream, "");
    return isAddress(host) && unroutable(host) === undefined;
}

/** Who is allowed what, of a known ledger; without the upstreams that `hosts` does not have. */
export function accessAt(resolved: KnownAccess, ledger: KnownLedger, hosts: Record<string, string>): Access {
    const { address, address6, services, grants } = resolved;
    const { peers, services: ports } = ledger;
    const expired = expiredOf(resolved, ledger);
    const counts = (name: string): boolean => !expired.has(name);
    return {
        relay: { address, ...(address6 === undefined ? {} : { address6 }) },
        peers,
        grants: grants
            .filter(({ to }) => to.peer === undefined || counts(to.peer))
            .map((grant) => ({ ...grant, from: grant.from.filter((source) => counts(peerIn(source))) })),
        services: Object.fromEntries(
            services.filter(isServed(expired)).map(({ name, allow, terms, plain: { upstream, on } }) => [
                name,
                {
                    port: portOf(ports, name),
                    ...(on === undefined ? {} : { on }),
                    allow: allow === "everyone" ? Object.keys(peers) : allow.filter(counts),
                    ...(Object.keys(terms).length === 0 ? {} : { terms }),
                    ...(isPeer(upstream)
                        ? { upstreamPeer: upstream }
                        : hosts[name] === undefined
                          ? {}
                          : upstreamHost(hosts[name], name)),
                },
            ]),
        ),
    };
}

/**
 * What is on the relay, from the program's own words and the registry: what another resource supplies is left out, so that a
 * removal waits for none.
 */
export function admittedOf(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Admitted> {
    const { address, address6, services, plain } = resolved;
    const given = services.flatMap(({ name, plain: { upstream } }): [string, string][] =>
        typeof upstream === "string" ? [[name, upstream]] : [],
    );
    const hosts = Object.fromEntries(given);
    const elsewhere = services.filter(({ name, plain: { upstream } }) => !isPeer(upstream) && !(name in hosts));
    const isDecided = isPlainIn(resolved);
    const grants = resolved.grants.filter((grant): grant is typeof grant & KnownGrant => isDecided(grant));
    const sources = resolved.grants.filter((grant) => !isDecided(grant)).flatMap(({ from }) => from);
    return ledger.apply((names): Admitted => {
        const expired = expiredOf(resolved, names);
        const own = services.filter(({ plain: { on } }) => on === undefined).filter(isServed(expired));
        const proxies = elsewhere.map(({ plain: { on } }) =>
            on === undefined ? { address, address6 } : names.peers[on],
        );
        const undecided = [
            ...proxies.flatMap((at) => [at?.address, at?.address6]),
            ...sources.flatMap((source) => addressesOf(source, names.peers)),
        ].filter((each) => each !== undefined);
        const access = accessAt({ ...resolved, grants }, names, hosts);
        return {
            peers: renderAdmittedPeers(names.peers),
            rules: renderAdmittedRules(expand(access)),
            ...(hasEnds(resolved) ? { terms: renderTerms(endsOf(access)) } : {}),
            services: renderAdmittedServices(
                Object.fromEntries(own.map(({ name }) => [name, { port: portOf(names.services, name) }])),
            ),
            ...(plain.keyOverlap === 0 ? {} : { keyOverlap: plain.keyOverlap }),
            ...(undecided.length === 0 ? {} : { undecided: [...new Set(undecided)].sort() }),
        };
    });
}

/** When rules end, and nothing else of their terms. */
function endsOf(access: Access): RuleTerms {
    return Object.fromEntries(
        Object.entries(termsOf(access))
            .filter(([, terms]) => isTimed(terms))
            .map(([rule, { until, window }]) => [rule, { until, window }]),
    );
}

/** Whether the program alone decides a grant. */
function isPlainIn({ peers }: ResolvedRelay): (grant: ListedGrant) => boolean {
    const routed = new Set(
        peers.filter(({ plain: { routes } }) => pulumi.Output.isInstance(routes)).map(({ name }) => name),
    );
    return (grant) => {
        const { from, to, ports } = grant;
        const parts = [ports, to.network, ...from.map((origin) => (typeof origin === "string" ? "" : origin.network))];
        return !parts.some(pulumi.Output.isInstance) && !peersOfNetworks(grant).some((name) => routed.has(name));
    };
}

/** Where the connections of a grant come from: of a network that is not known here, all that its peer has. */
function addressesOf(source: ListedGrant["from"][number], peers: Ledger["peers"]): (string | undefined)[] {
    if (typeof source === "string") return [peers[source]?.address, peers[source]?.address6];
    const { peer, network } = source;
    return typeof network === "string" ? [network] : routesOf(peers[peer] ?? {});
}

/** @throws InvalidArgument when the registry has not heard of the service */
export function portOf(services: Ledger["services"], name: string): number {
    const service = services[name];
    if (service === undefined) throw notRegistered(`services.${name}`, "the service");
    return service.port;
}

/** A service of a peer that the peer itself uses does not pass the tunnel. */
const LOCALHOST = "127.0.0.1";

/** Listed with an expiry but not in the ledger: the peer has expired. Without an expiry other checks report it. */
export function expiredOf(
    { peers }: Pick<ResolvedRelay, "peers">,
    { peers: known, supplied = [] }: Pick<KnownLedger, "peers" | "supplied">,
): ReadonlySet<string> {
    const gone = [...peers, ...supplied].filter(
        ({ name, plain }) => plain.expires !== undefined && !Object.hasOwn(known, name),
    );
    return new Set(gone.map(({ name }) => name));
}

/** A service whose upstream peer has expired is closed. */
function isServed(expired: ReadonlySet<string>): (service: ListedService) => boolean {
    return ({ plain: { upstream } }) => !isPeer(upstream) || !expired.has(upstream.peer);
}

function upstreams(services: ListedService[]): pulumi.Output<Record<string, string>> {
    return pulumi.output(
        Object.fromEntries(
            services.flatMap(({ name, plain: { upstream } }) =>
                isPeer(upstream) ? [] : [[name, upstream as pulumi.Input<string>]],
            ),
        ),
    );
}

function isPeer(upstream: unknown): upstream is { peer: string; port: number } {
    return (
        typeof upstream === "object" && upstream !== null && "peer" in upstream && !pulumi.Output.isInstance(upstream)
    );
}

function canonical(text: string, service: string): string {
    const { host, port } = parseUpstream(text, `service ${service}.upstream`);
    return joinHostPort(host, port);
}

function upstreamHost(text: string, service: string): { upstreamHost?: { address: string; port: number } } {
    const { host, port } = parseUpstream(text, `service ${service}.upstream`);
    return isAddress(host) ? { upstreamHost: { address: host, port } } : {};
}

function isAddress(host: string): boolean {
    return /^[0-9.]+$|:/.test(host);
}
