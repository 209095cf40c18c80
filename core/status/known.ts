import { peerKey } from "../registry/peerKey.js";
import { joinHostPort } from "../addresses/index.js";
import type { ProxyService, RegistryPeer } from "../registry/model.js";
import { serviceDomain, serviceUrls } from "../names.js";

/** A peer in the state. */
export interface KnownPeer {
    listed: boolean;
    publicKey: string;
    /** The key before it, which still works until this one is used. */
    former?: string;
    addresses: string[];
    since?: string;
    revokedAt?: string;
    expires?: string;
}

/** A service as the state knows it. */
export interface KnownService {
    /** The name in its certificate. */
    domain: string;
    url: string;
    addressUrl: string;
    /** "ADDRESS:PORT" of each of its listeners. */
    listeners: string[];
    /** What was negotiated at the last apply. */
    group?: string;
    cipher?: string;
}

/** A relay as the state of its stack knows it; no secrets. */
export interface KnownRelay {
    relay: string;
    /** Where it is, as it is called in messages. */
    host: string;
    peers: Record<string, KnownPeer>;
    services: Record<string, KnownService>;
    /** Key epochs by the public key that the relay has in them. */
    epochs: Record<string, number>;
}

/** Out of the resources of a relay: inputs say what is listed, outputs what became of it. */
export interface Parts {
    relay: string;
    host: string;
    appName: string;
    /** Listed peers. */
    peers: Record<string, RegistryPeer>;
    /** Keys that the registry does not know: generated ones. */
    publicKeys: Record<string, string>;
    registry: Record<string, RegistryEntry>;
    /** Tunnel addresses that services listen on. */
    addresses: string[];
    services: Record<string, Pick<ProxyService, "port">>;
    served: Record<string, { group?: string; cipher?: string }>;
    epochs: Record<string, number>;
}

/** The part of the authoritative registry that is of interest here. */
interface RegistryEntry {
    publicKey: string;
    address: string;
    address6?: string;
    status: string;
    since?: string;
    revokedAt?: string;
    replaces?: string;
}

export function knownRelay(parts: Parts): KnownRelay {
    const { relay, host, epochs, registry } = parts;
    const listed = Object.entries(parts.peers).map(([name, peer]): [string, KnownPeer] => {
        const { since, replaces } = registry[name] ?? {};
        return [
            name,
            {
                listed: true,
                publicKey: peerKey(name, peer, parts.publicKeys) ?? "",
                ...(replaces === undefined ? {} : { former: replaces }),
                addresses: addressesOf(peer),
                ...(since === undefined ? {} : { since }),
                ...(peer.expires === undefined ? {} : { expires: peer.expires }),
            },
        ];
    });
    const former = Object.entries(registry)
        .filter(([name]) => !Object.hasOwn(parts.peers, name))
        .map(([name, entry]): [string, KnownPeer] => [
            name,
            {
                listed: false,
                publicKey: entry.publicKey,
                addresses: addressesOf(entry),
                ...(entry.since === undefined ? {} : { since: entry.since }),
                ...(entry.revokedAt === undefined ? {} : { revokedAt: entry.revokedAt }),
            },
        ]);
    return {
        relay,
        host,
        epochs,
        peers: Object.fromEntries([...listed, ...former].sort(byName)),
        services: Object.fromEntries(
            Object.entries(parts.services)
                .map(([name, { port }]): [string, KnownService] => [name, knownService(name, port, parts)])
                .sort(byName),
        ),
    };
}

function knownService(name: string, port: number, { appName, addresses, served }: Parts): KnownService {
    const { group, cipher } = served[name] ?? {};
    const domain = serviceDomain(name, appName);
    return {
        domain,
        ...serviceUrls({ name, port }, { appName, addresses }),
        listeners: addresses.map((address) => joinHostPort(address, port)),
        // The proxy's word for a service that could not be probed.
        ...(group === undefined || group === "none" ? {} : { group }),
        ...(cipher === undefined || cipher === "none" ? {} : { cipher }),
    };
}

function addressesOf({ address, address6 }: { address: string; address6?: string }): string[] {
    return address6 === undefined ? [address] : [address, address6];
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
    return a < b ? -1 : 1;
}
