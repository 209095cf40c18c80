import type { Signer } from "../../core/audit/primitives.js";
import type { AuditEntry, LogOrigin } from "../../core/audit/record.js";
import type { Ends } from "./ends.js";
import type { Sealed } from "./signingKey.js";

/** A record before it has its time: that is taken under the lock, so that it never goes backwards by a race. */
export type UntimedEntry = Omit<AuditEntry, "timestamp">;

/** A rotation's record before its place is known, which its details depend on. */
export type RotationEntry = Omit<UntimedEntry, "details" | "action">;

/** Who writes, and what it may begin. */
export interface Writer {
    /** What a new log is of. */
    origin: LogOrigin;
    /** Throws when the log that is there is not this writer's. */
    checkOrigin(ends: Ends): void;
    /** Called only when a record is to be sealed. Without a log none was ever seen, so a key may be made. */
    signer(log: Sealed | undefined): Signer;
    /** The state remembers records: a missing log is a loss, not a beginning. */
    expectExisting: boolean;
    /** Name (hash of the first record) of a log whose loss the program acknowledges. */
    restartFrom?: string;
    /** Bytes of the file that is written beyond which it is closed as a segment. Default 64 MiB. */
    segmentBytes?: number;
    user: string;
}
