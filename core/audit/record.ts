/** One operation, as it is written and read. Everything else in core/audit seals, chains and checks these. */
export interface AuditEntry {
    /** UTC, RFC 3339 with Z; whole seconds or exactly six fraction digits. */
    timestamp: string;
    /** `peer_add`, `key_rotate`, `setup_relay`, ... ; `..._begin` before the first effect; `..._error`. */
    action: string;
    status: "success" | "failure";
    /** One sentence for a person. */
    message: string;
    /** The person: sudo's user or the CI's actor, not just "root". */
    user: string;
    /** Names, addresses, public keys, proof. Never key material. Keys ASCII [A-Za-z0-9_.-], numbers safe integers. */
    details: Record<string, unknown>;
    /** The same in the begin record and in the outcome; a lowercase UUID. */
    correlation_id: string;
}

/** The seal: how the line is tied to the one before it. */
export interface Seal {
    id: string;
    sequence: number;
    /** null in the genesis record. */
    previous_hash: string | null;
    /** Lowercase hex SHA3-256 of the canonical capsule. */
    hash: string;
    /** Ed25519 over the 64 characters of `hash`, lowercase hex. */
    signature: string;
    /** First 16 hex characters of the public key. */
    signed_by: string;
}

/** A whole line of the log, parsed. */
export interface AuditLine extends AuditEntry {
    capsule: Seal;
}

/** Where a record stands in its log: what a resource keeps in state to find out whether the log lost it. */
export interface RecordMark {
    sequence: number;
    hash: string;
    /** Byte offset of the line's first byte. */
    offset: number;
    /** Hash of the genesis record, the log's name: which log the record is in. Marks written down in short may lack it. */
    genesis?: string;
}

/** What the log is bound to; the genesis record's details. */
export interface LogOrigin {
    project: string;
    stack: string;
}

/** Pinned in state: what the log must still contain tomorrow. */
export interface Checkpoint {
    /** Hash of the genesis record: a log's name. */
    genesis: string;
    /** Number of lines, and of bytes they take. */
    size: number;
    bytes: number;
    /** Hash of the last record. */
    head: string;
    /** RFC 6962 SHA-256 Merkle root over whole lines (without the newline), base64. */
    root: string;
    /** C2SP signed note of origin, size, root. */
    note: string;
}
