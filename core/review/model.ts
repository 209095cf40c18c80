/** What a reviewer of a change sees, and what gates judge: plain data, as `qp-tunnel review --json` prints it. */
export interface Review {
    /** The engine reported errors: what is below may be incomplete. */
    errors: string[];
    relays: RelayReview[];
    /** Effects of the change as the preview tells them, each once. */
    sentences: Sentence[];
    warnings: string[];
    /** The log as the preview found it. */
    log?: { size: number; head: string };
}

/** What a sentence of the preview means for those who are connected. */
export type EffectClass =
    | "added"
    | "cut"
    | "expired"
    | "interrupted"
    | "unaffected"
    | "gained"
    | "lost"
    | "opened"
    | "closed"
    | "log"
    /** All that interrupts no connection: names, routes, keys of the future. */
    | "other";

export interface Sentence {
    effect: EffectClass;
    text: string;
}

export interface RelayReview {
    relay: string;
    change: "created" | "removed" | "kept";
    peers: PeerChanges;
    access: AccessChanges;
    /** Peers that will be cut off by the relay itself, the first one first. */
    expiries: Expiry[];
}

export interface PeerChanges {
    /** Whether the preview knows the peers: with the next update some may come from other resources. */
    known: boolean;
    added: PeerNote[];
    cut: PeerNote[];
    /** Cut off by the relay before this change. */
    expired: PeerNote[];
    renamed: { from: string; to: string }[];
    /** Peers with another key, address, network or expiry. */
    changed: string[];
    /** How many peers are as before; absent where the preview does not list them. */
    unchanged?: number;
}

export interface PeerNote {
    name: string;
    addresses: string[];
    /** RFC 3339. */
    expires?: string;
}

export interface AccessChanges {
    known: boolean;
    /** Every pair that is allowed something before or after, the changed ones first. */
    pairs: AccessPair[];
    added: AccessRight[];
    removed: AccessRight[];
}

export interface AccessRight {
    from: string;
    to: string;
    /** As in a grant. */
    ports: string;
    /** Name of the service that the relay serves on this port. */
    service?: string;
    /** RFC 3339: the relay ends it then. */
    until?: string;
    /** Hours of the week in which it is allowed. */
    window?: string;
    reason?: string;
    ticket?: string;
    /** The groups through which alone the peers are meant. */
    groups?: readonly string[];
}

export interface AccessPair {
    from: string;
    to: string;
    /** Ports, with the service's name and the terms behind. */
    before: string[];
    after: string[];
}

export interface Expiry {
    peer: string;
    expires: string;
    /** Whole days from the moment of the review. */
    days: number;
}
