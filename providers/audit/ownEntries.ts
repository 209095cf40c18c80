/** What a log records of itself, before the record that was to be written. */
import { randomUUID } from "node:crypto";

import { nativePrimitives } from "./primitives.js";
import type { UntimedEntry } from "./writer.js";

/** An interrupted write that was moved aside. */
export function recoveredEntry(user: string, bytes: Buffer, side: string): UntimedEntry {
    return {
        user,
        correlation_id: randomUUID(),
        action: "log_recovered",
        status: "success",
        message: `Moved ${bytes.length} bytes of an incomplete line to ${side}`,
        details: { bytes: bytes.length, sha3_256: nativePrimitives.sha3(bytes), file: side },
    };
}

/**
 * A segment that was closed.
 *
 * @param records in the log so far, and the bytes they take
 */
export function segmentEntry(user: string, closed: string, records: number, bytes: number): UntimedEntry {
    return {
        user,
        correlation_id: randomUUID(),
        action: "log_segment",
        status: "success",
        message: `Continued in a new file after ${closed}`,
        details: { closed, records, bytes },
    };
}
