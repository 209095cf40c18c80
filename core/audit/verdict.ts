/** What is asked of a verification, and what it answers. */
import type { LogIdentity } from "./capsule.js";
import type { KeyEpoch } from "./epochs.js";
import type { Primitives } from "./primitives.js";
import type { AuditLine, Checkpoint, RecordMark } from "./record.js";

/** A checkpoint, or what a note says of it. */
export type Pinned = Partial<Checkpoint> & Pick<Checkpoint, "size" | "root">;

export interface VerifyOptions {
    primitives: Primitives;
    /**
     * "full" checks every signature; "fast" (default) every hash and link, and the signatures of the first and the last
     * record and of each change of the key: the last one's covers all content before it. What "fast" leaves open, the
     * other lines' own signatures, a checkpoint closes.
     */
    mode?: "fast" | "full";
    /** What the log must still hold: a whole checkpoint, or what a note says of it. */
    checkpoint?: Pinned;
    /** More of them, for instance of every relay of the stack. */
    checkpoints?: readonly Pinned[];
    /** Records the log must still hold where they were. */
    marks?: readonly RecordMark[];
    /** What the log must be bound to. Default: whatever its first line says. */
    expect?: Partial<LogIdentity>;
    /**
     * Bytes after the last newline: an interrupted write, or a cut. "refuse" (default), or "ignore" for a log that is
     * being written, where the next write repairs it.
     */
    tail?: "refuse" | "ignore";
    /**
     * Called with each record that is whole and in its place. That the log is the right one is only known at the end:
     * what is made of the records before must not be used when the verification fails.
     */
    onRecord?: (record: VerifiedRecord) => void;
}

/** A record in its place. */
interface VerifiedRecord {
    line: AuditLine;
    /** The line with its newline; valid during the call only. */
    bytes: Uint8Array;
    /** Of the line's first byte in the log. */
    offset: number;
    /** What it was sealed under: the log, with the key then in force. */
    sealedAs: LogIdentity;
}

/** What a log that passed is. */
export interface Verdict {
    /** With the key that is in force at its end. */
    log: LogIdentity & { genesis: string };
    /** Every key the log was sealed with, from the first. */
    keys: KeyEpoch[];
    /** Lines, and bytes they take. */
    size: number;
    bytes: number;
    head: string;
    /** RFC 6962 root over the lines, base64. */
    root: string;
    first: string;
    last: string;
    /** Set if the log was started again after a loss: the hash that was pinned then. */
    restartedFrom?: string;
    /** How many signatures were checked. */
    signatures: number;
    warnings: { line: number; problem: string }[];
    /** `_begin` records without any outcome. */
    interrupted: { line: number; action: string; correlation_id: string }[];
    /** Bytes after the last newline, when ignored. */
    tornBytes: number;
}
