/**
 * The words everything else is written in. Plain data only: these objects travel through the engine
 * as resource inputs and outputs, so every field is JSON.
 */

import type { ServiceCertificate } from "../certificates/leaves.js";

/** Names on a host: `<appName>-<interface>` prefixes every path, unit and process of one relay. */
export interface RelayNames {
    appName: string;
    interface: string;
}

/** One peer in the registry: who it is on this relay. Addresses are without prefix length. */
export interface RegistryPeer {
    address: string;
    /** Present when the relay has a `subnet6`. */
    address6?: string;
    /** The peer's own key, if it is a plain value; a generated key stays out of the registry. */
    publicKey?: string;
    /** Networks behind this peer, canonical CIDR. Absent: none. */
    routes?: string[];
    /** Absent: 1. */
    keyEpoch?: number;
    /** How often this name was admitted: a peer who returns gets a fresh preshared key. Absent: once. */
    admitted?: number;
    /** RFC 3339, when the peer has an expiry. */
    expires?: string;
}

/** A peer as the relay has it, or had it: read back from the wire. */
export interface RegisteredPeer {
    address: string;
    address6?: string;
    publicKey: string;
    /** For people: what a peer can compare by telephone. */
    fingerprint: string;
    status: "active" | "revoked";
    /** RFC 3339, UTC. When this key was admitted. */
    since: string;
    revokedAt?: string;
    /** Who revoked it. */
    by?: string;
    admitted?: number;
    formerly?: string;
    /** The former public key, as long as it works beside this one. */
    replaces?: string;
}

/** A service as the relay serves it. */
export interface ServedService {
    /** By its name in the tunnel, and by the address of where TLS ends. */
    url: string;
    addressUrl: string;
    upstream: string;
    /** What the last apply negotiated; `none` where it could not be asked. Absent on a relay that a script sets up. */
    group?: string;
    cipher?: string;
    /** Of a relay that a script sets up: `waits` until its receipt comes back. */
    state?: "open" | "waits";
    port?: number;
}

/** A service's place in the registry. */
export interface RegistryService {
    port: number;
}

/** What became of names that are no longer listed: never forgotten, never given out before all else. */
export interface RetiredPeer {
    /** Empty once the address was given to another peer because the pool was used up. */
    address: string;
    address6?: string;
    publicKey?: string;
    /** Absent: once. */
    admitted?: number;
    /** RFC 3339, if the peer was retired by its expiry. */
    expires?: string;
    /** The epoch of the expired key, while the program still lists the peer: a generated key is still in the state. */
    keyEpoch?: number;
}

/** The ledger of names: allocation is by name and for ever. */
export interface Ledger {
    peers: Record<string, RegistryPeer>;
    services: Record<string, RegistryService>;
    retired: {
        peers: Record<string, RetiredPeer>;
        /** Port 0 once the port had to be given to another service. */
        services: Record<string, RegistryService>;
        /** Revoked public keys that no retired name holds any more: replaced ones, and those of names that came back. */
        keys?: string[];
    };
    /** Names for sets of peers, members sorted. Absent: none. */
    groups?: Record<string, string[]>;
}

export type Protocol = "tcp" | "udp" | "icmp" | "all";

/** `ports` of a grant, parsed: "tcp/22", "tcp/8000-8100", "udp/53", "icmp", "all". */
export interface Ports {
    protocol: Protocol;
    /** Absent for icmp and all. `last` equals `first` for a single port. */
    first?: number;
    last?: number;
}

/** Who may open the flows of a grant: a peer by name, with its own addresses, or one of the networks behind it. */
export type GrantSource = string | { peer: string; network: string };

/** One direction that is allowed: who may open flows to whom. Replies are implied, nothing else is. */
export interface AccessRule {
    /** Source: an address without prefix length, or a network behind a peer in CIDR form. */
    from: string;
    /** Destination: an address, or a network in CIDR form. Same family as `from`. */
    to: string;
    ports: Ports;
}

/** One service as the proxy serves it. */
export interface ProxyService {
    port: number;
    /** host:port the proxy connects to, already resolved ("10.8.0.4:3000", "127.0.0.1:3000", "[fd00::1]:80"). */
    upstream: string;
    certificate: ServiceCertificate;
    keyExchange: "require" | "prefer";
}
