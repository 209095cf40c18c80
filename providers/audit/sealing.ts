import { randomUUID } from "node:crypto";

import type { LogIdentity, Place } from "../../core/audit/capsule.js";
import { timestampOf } from "../../core/audit/entry.js";
import { rotationDetails, ROTATION_ACTION } from "../../core/audit/epochs.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { RecordMark } from "../../core/audit/record.js";
import { sealEntry, sealGenesis, shortKey } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import type { Ends } from "./ends.js";
import { nativePrimitives } from "./primitives.js";
import type { RotationEntry, UntimedEntry, Writer } from "./writer.js";

/** Lines that are ready to be written, and what the log's ends are behind them. */
interface SealedLines {
    texts: string[];
    ends: Ends;
}

/** The first record of a new log. */
export function beginLog({ origin, user, restartFrom }: Writer, signer: Signer): SealedLines {
    const now = { timestamp: timestampOf(Date.now()), user, correlation_id: randomUUID() };
    const { line, text, log } = sealGenesis(now, origin, randomUUID(), signer, nativePrimitives, restartFrom);
    const restarted = restartFrom === undefined ? {} : { restartedFrom: restartFrom };
    const keys = [{ publicKey: log.publicKey, from: 0, since: now.timestamp }];
    return {
        texts: [text],
        ends: { log, keys, last: line, lastOffset: 0, bytes: Buffer.byteLength(text), torn: 0, ...restarted },
    };
}

/**
 * Seals entries one after the other behind a log's end.
 *
 * @param next the key that the last entry puts in force
 * @returns also a mark for each entry
 */
export function sealBehind(
    found: Ends,
    entries: (UntimedEntry | RotationEntry)[],
    signer: Signer,
    next?: Signer,
): SealedLines & { marks: RecordMark[] } {
    const { log } = found;
    const ends = { ...found, torn: 0 };
    const texts: string[] = [];
    const marks: RecordMark[] = [];
    for (const entry of entries) {
        const { hash, sequence } = ends.last.capsule;
        const place = { id: randomUUID(), sequence: sequence + 1, previous_hash: hash };
        const timed = { ...complete(entry, log, place, next), timestamp: timestampOf(Date.now()) };
        const { line, text } = sealEntry(timed, place, log, signer, nativePrimitives);
        marks.push({ sequence: place.sequence, hash: line.capsule.hash, offset: ends.bytes, genesis: log.genesis });
        ends.last = line;
        ends.lastOffset = ends.bytes;
        ends.bytes += Buffer.byteLength(text);
        texts.push(text);
    }
    return { texts, marks, ends: next === undefined ? ends : underNextKey(ends, next) };
}

/** What a rotation says depends on where it stands, which is known under the lock only. */
function complete(
    entry: UntimedEntry | RotationEntry,
    log: LogIdentity,
    place: Place,
    next: Signer | undefined,
): UntimedEntry {
    if ("action" in entry) return entry;
    if (next === undefined) throw new TypeError("an entry without action is a rotation's");
    return { ...entry, action: ROTATION_ACTION, details: rotationDetails(log, place, next) };
}

function underNextKey(ends: Ends, { publicKey }: Signer): Ends {
    const epoch = { publicKey, from: ends.last.capsule.sequence + 1, since: ends.last.timestamp };
    return { ...ends, log: { ...ends.log, publicKey }, keys: [...ends.keys, epoch] };
}

/** @throws AuditError when the key is one that the log had before */
export function refuseRetired({ publicKey }: Signer, { log, keys }: Ends, name: string): void {
    const index = keys.findIndex((epoch) => epoch.publicKey === publicKey);
    const next = index < 0 ? undefined : keys[index + 1];
    if (next === undefined) return;
    throw new AuditError(
        `signing key ${shortKey(publicKey)}`,
        `line ${next.from} of ${name} retired it`,
        `copy the current key, ${shortKey(log.publicKey)}, to this machine; if the rotation was interrupted here, run qp-tunnel audit rotate-key again`,
    );
}
