import type { Dump } from "../wireguard/index.js";

/**
 * `connected`: a handshake at most 180 s ago. `idle`: an older one. `never`: none since the interface came up.
 * `missing`: listed, but on no interface. `expired`: past its expiry and removed. `revoked`: no longer listed and
 * the wire. `rogue`: on the wire and not listed. `unknown`: the relay could not be asked.
 */
export type PeerState = "connected" | "idle" | "never" | "missing" | "expired" | "revoked" | "rogue" | "unknown";

export interface PeerStatus {
    /** Absent for an unknown peer that was never listed. */
    name?: string;
    state: PeerState;
    publicKey: string;
    /** What people compare: "SHA256:" and 16 characters. */
    fingerprint: string;
    /** Tunnel addresses; for an unknown peer its allowed IPs. */
    addresses: string[];
    /** RFC 3339, UTC, of the newest handshake; null is never. */
    handshake: string | null;
    /** Seconds between it and the relay's clock. */
    age: number | null;
    /** The peer's endpoint, "203.0.113.9:41922". */
    endpoint: string | null;
    /** Bytes since the interface came up, of all key epochs. */
    received: number;
    sent: number;
    /** The relay's key epoch of the newest handshake. */
    epoch: number | null;
    /** RFC 3339, UTC. When the key was admitted. */
    since?: string;
    revokedAt?: string;
    expires?: string;
}

export interface CertificateStatus {
    /** RFC 3339, UTC. */
    notAfter: string;
    /** Whole days, rounded down; negative when it has ended. */
    daysLeft: number;
    /** SHA-256 of the certificate, lower-case hex. */
    fingerprint: string;
}

export interface ServiceStatus {
    name: string;
    /** By its name in the tunnel, and by the relay's address. */
    url: string;
    addressUrl: string;
    /** Whether the proxy accepts connections for it; null when the relay could not be asked. */
    running: boolean | null;
    /** Null when the relay has none for it, or could not be asked. */
    certificate: CertificateStatus | null;
    /** TLS group and cipher, as negotiated now (`probed`) or at the last apply; null when neither is known. */
    group: string | null;
    cipher: string | null;
    probed: boolean;
    /** Why a probe failed, or what is wrong with what it found. */
    problem?: string;
}

export interface InterfaceStatus {
    name: string;
    /** The relay's key epoch; null when its key is not one the state knows. */
    epoch: number | null;
    /** Whether it is there and answers. */
    up: boolean;
    publicKey: string;
    /** UDP port. */
    listenPort: number;
    /** How many peers are on it. */
    peers: number;
}

export interface RelayStatus {
    relay: string;
    /** Where it is, as it is called in messages. */
    host: string;
    /** Whether it answered. */
    reachable: boolean;
    /** Why it did not. */
    problem?: string;
    /** The relay's own clock, RFC 3339, UTC. */
    time: string | null;
    /** How many changes the relay has seen. */
    generation: number | null;
    interfaces: InterfaceStatus[];
    peers: PeerStatus[];
    services: ServiceStatus[];
    /** In what the relay is not as the state says; a sentence without full stop each. Rogues are among the peers. */
    drift: string[];
    /** What else on the machine stops the relay's packets, and what to do; a sentence each. Absent if it was not checked. */
    conflicts?: string[];
    /** A change that waits for its confirmation, or one that was rolled back because it was not confirmed. */
    notes: string[];
    /** What the relay did by itself since the last operation, a sentence each, newest last. */
    journal: string[];
}

/** What a relay tells when it is asked: no secrets and no evaluation. */
export interface RelayAnswer {
    /** Its clock, Unix seconds. */
    time: number;
    generation?: number;
    /** When an unconfirmed change was rolled back, RFC 3339. */
    rolledBack?: string;
    /** Names of the files that wait for a confirmation. */
    pending: string[];
    /** Whether its nftables table is loaded. */
    table: boolean;
    /** Whether its proxy runs and answers; absent when it records no services. */
    proxy?: boolean;
    /** Every interface that it records: the key epoch it has of it, if its key is the recorded one, and the dump unless it is mute. */
    interfaces: { name: string; epoch?: number; dump?: Dump }[];
    /** Peers whose key is being replaced: on the wire with both, until the new one is used or until then (Unix seconds). */
    moving: { publicKey: string; former: string; until: number }[];
    /** "ADDRESS:PORT" on which its proxy accepts connections. */
    listeners: string[];
    certificates: ServedCertificate[];
    /** The newest lines of its journal. */
    journal: string[];
}

/** A certificate that lies on the relay. */
export interface ServedCertificate {
    /** Its DNS names. */
    names: string[];
    /** The kind of its key, of which a service has one certificate each. */
    kind?: string;
    /** RFC 3339, UTC. */
    notBefore: string;
    notAfter: string;
    /** SHA-256 of the certificate, lower-case hex. */
    fingerprint: string;
}
