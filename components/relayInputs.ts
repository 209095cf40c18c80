import * as pulumi from "@pulumi/pulumi";

import { expand, peerIn, type Access } from "../core/access/index.js";
import {
    renderAdmittedPeers,
    renderAdmittedRules,
    renderAdmittedServices,
    type Admitted,
} from "../core/protocol/admitted.js";
import { packed } from "../core/packed/index.js";
import { joinHostPort } from "../core/addresses/index.js";
import { type GrantPlain, Later } from "../core/arguments/index.js";
import { parseUpstream } from "../core/caddy/upstream.js";
import type { Ledger, Ports, ProxyService } from "../core/registry/model.js";
import { notRegistered } from "../core/registry/missing.js";
import { known } from "./known.js";
import type { ListedPeer, ListedService, ResolvedRelay } from "./relayArguments.js";

/** Addresses and ports, as the registry allocated them. */
export type LedgerOutput = pulumi.Output<Pick<Ledger, "peers" | "services">>;

/** What the registry is asked for. */
export function registryRequest({ subnet, subnet6, peers, services }: ResolvedRelay): pulumi.Inputs {
    return packed("Registry", {
        subnet: subnet.cidr,
        ...(subnet6 === undefined ? {} : { subnet6: subnet6.cidr }),
        peers: Object.fromEntries(
            peers.map(({ name, plain, address, knownKey }) => [
                name,
                {
                    ...(plain.routes.length === 0 ? {} : { routes: plain.routes }),
                    ...(plain.keyEpoch === 1 ? {} : { keyEpoch: plain.keyEpoch }),
                    ...(address === undefined ? {} : { address }),
                    ...(knownKey === undefined ? {} : { publicKey: knownKey }),
                    ...(plain.expires === undefined ? {} : { expires: plain.expires }),
                    ...(plain.reinstate ? { reinstate: true } : {}),
                },
            ]),
        ),
        publicKeys: outputKeys(peers),
        services: Object.fromEntries(
            services.map(({ name, plain, formerNames }) => [
                name,
                {
                    ...(plain.port === undefined ? {} : { port: plain.port }),
                    ...(formerNames.length === 0 ? {} : { formerly: Promise.all(formerNames) }),
                },
            ]),
        ),
    });
}

/** Keys that are not plain values in the program: generated ones, and those that another resource supplies. */
export function outputKeys(peers: ListedPeer[]): Record<string, pulumi.Input<string>> {
    return Object.fromEntries(
        peers.filter(({ knownKey }) => knownKey === undefined).map(({ name, publicKey }) => [name, publicKey]),
    );
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
    return pulumi.all([ledger, upstreams(services)]).apply(([{ peers, services: ports }, hosts]) =>
        Object.fromEntries(
            services.filter(isServed(expiredOf(resolved, peers))).map(({ name, plain }) => {
                const { upstream, certificate, keyExchange } = plain;
                const at = isPeer(upstream)
                    ? joinHostPort(
                          upstream.peer === on ? LOCALHOST : (peers[upstream.peer]?.address ?? ""),
                          upstream.port,
                      )
                    : canonical(hosts[name] ?? "", name);
                return [name, { port: portOf(ports, name), upstream: at, certificate, keyExchange }];
            }),
        ),
    );
}

/** Who may open what, by source. */
export function accessRules(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Record<string, string[]>> {
    return accessOf(resolved, ledger).apply(expand);
}

/** What services and grants allow, with the addresses of those who count. */
export function accessOf(resolved: ResolvedRelay, ledger: LedgerOutput): pulumi.Output<Access> {
    return pulumi
        .all([ledger, upstreams(resolved.services), grantsOf(resolved)])
        .apply(([known, hosts, grants]) => accessAt({ ...resolved, grants }, known, hosts as Record<string, string>));
}

/** One grant, its ports known. */
type KnownGrant = Omit<GrantPlain, "ports"> & { ports: Ports[]; position?: number };

/** Access as far as it is known: of the grants, all or those whose ports are in the program. */
type KnownAccess = Omit<ResolvedRelay, "grants"> & { grants: KnownGrant[] };

/** Every grant, once its ports are known. */
function grantsOf({ grants }: ResolvedRelay): pulumi.Output<KnownGrant[]> {
    const all = grants.map(({ ports }, index) => known(ports, `grants[${index}].ports`));
    return pulumi
        .all(all)
        .apply((ports) => grants.map((grant, index) => ({ ...grant, ports: ports[index] as Ports[] })));
}

/** Who is allowed what, of a known ledger; without the upstreams that `hosts` does not have. */
export function accessAt(
    resolved: KnownAccess,
    { peers, services: ports }: Pick<Ledger, "peers" | "services">,
    hosts: Record<string, string>,
): Access {
    const { address, address6, services, grants } = resolved;
    const expired = expiredOf(resolved, peers);
    const counts = (name: string): boolean => !expired.has(name);
    return {
        relay: { address, ...(address6 === undefined ? {} : { address6 }) },
        peers,
        grants: grants
            .map((grant, position) => ({ position, ...grant }))
            .filter(({ to }) => to.peer === undefined || counts(to.peer))
            .map((grant) => ({ ...grant, from: grant.from.filter((source) => counts(peerIn(source))) })),
        services: Object.fromEntries(
            services.filter(isServed(expired)).map(({ name, plain: { allow, upstream, on } }) => [
                name,
                {
                    port: portOf(ports, name),
                    ...(on === undefined ? {} : { on }),
                    allow: allow === "everyone" ? Object.keys(peers) : allow.filter(counts),
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
    const positioned = resolved.grants.map((grant, position) => ({ ...grant, position }));
    const grants = positioned.filter((grant): grant is typeof grant & KnownGrant => !(grant.ports instanceof Later));
    const sources = positioned.filter(({ ports }) => ports instanceof Later).flatMap(({ from }) => from);
    return ledger.apply((names): Admitted => {
        const expired = expiredOf(resolved, names.peers);
        const own = services.filter(({ plain: { on } }) => on === undefined).filter(isServed(expired));
        const proxies = elsewhere.map(({ plain: { on } }) =>
            on === undefined ? { address, address6 } : names.peers[on],
        );
        const givers = sources.map((source) => (typeof source === "string" ? names.peers[source] : undefined));
        const undecided = [
            ...[...proxies, ...givers]
                .flatMap((at) => [at?.address, at?.address6])
                .filter((each) => each !== undefined),
            ...sources.flatMap((source) => (typeof source === "string" ? [] : [source.network])),
        ];
        return {
            peers: renderAdmittedPeers(names.peers),
            rules: renderAdmittedRules(expand(accessAt({ ...resolved, grants }, names, hosts))),
            services: renderAdmittedServices(
                Object.fromEntries(own.map(({ name }) => [name, { port: portOf(names.services, name) }])),
            ),
            ...(plain.keyOverlap === 0 ? {} : { keyOverlap: plain.keyOverlap }),
            ...(undecided.length === 0 ? {} : { undecided: [...new Set(undecided)].sort() }),
        };
    });
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
export function expiredOf({ peers }: Pick<ResolvedRelay, "peers">, ledger: Ledger["peers"]): ReadonlySet<string> {
    const gone = peers.filter(({ name, plain }) => plain.expires !== undefined && !Object.hasOwn(ledger, name));
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
    return /^[0-9.]+$|:/.test(host) ? { upstreamHost: { address: host, port } } : {};
}
