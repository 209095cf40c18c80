import { createHash } from "node:crypto";

import fc from "fast-check";

import type { LogIdentity, Place } from "../../../../core/audit/capsule.js";
import { timestampOf } from "../../../../core/audit/entry.js";
import { ROTATION_ACTION, rotationDetails } from "../../../../core/audit/epochs.js";
import { MerkleTree } from "../../../../core/audit/merkle.js";
import { formatNote } from "../../../../core/audit/note.js";
import type { AuditEntry, AuditLine, Checkpoint, LogOrigin, RecordMark } from "../../../../core/audit/record.js";
import { sealEntry, sealGenesis } from "../../../../core/audit/seal.js";
import type { Signer } from "../../../../core/audit/primitives.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";

export const SEED = Buffer.alloc(32, 7);
export const OTHER_SEED = Buffer.alloc(32, 9);
export const ORIGIN: LogOrigin = { project: "shop", stack: "dev" };

/** A log in memory, the same on every run. */
export interface TestLog {
    log: LogIdentity & { genesis: string };
    lines: AuditLine[];
    texts: string[];
    bytes: Buffer;
    checkpoint: Checkpoint;
    marks: RecordMark[];
}

export function entry(number: number, changes: Partial<AuditEntry> = {}): AuditEntry {
    return {
        timestamp: `2026-04-04T14:00:${String(number % 60).padStart(2, "0")}Z`,
        action: "peer_add",
        status: "success",
        message: `Added peer p${number}`,
        user: "alice",
        details: { name: `p${number}`, tunnel_ip: `10.8.0.${number}` },
        correlation_id: uuid(`correlation ${number}`),
        ...changes,
    };
}

/** Whatever a caller might hand over, to be sanitized. */
export const anyEntry: fc.Arbitrary<AuditEntry> = fc.record({
    timestamp: fc
        .date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
        .map((date) => timestampOf(date.getTime())),
    action: fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/),
    status: fc.constantFrom("success", "failure"),
    message: fc.string({ unit: "binary" }),
    user: fc.string({ unit: "grapheme" }),
    details: fc.dictionary(
        fc.string({ unit: "binary" }),
        fc.anything({ maxDepth: 4, withBigInt: true, withDate: true, withNullPrototype: true }),
        { maxKeys: 5 },
    ),
    correlation_id: fc.uuid(),
});

/** @param entries of the records after the first */
export function makeLog(
    entries: AuditEntry[],
    { origin = ORIGIN, seed = SEED }: { origin?: LogOrigin; seed?: Uint8Array } = {},
): TestLog {
    return makeRotatedLog([{ seed, entries }], origin);
}

/** A log that rotates to the next key after each one's entries. */
export function makeRotatedLog(
    epochs: { seed: Uint8Array; entries: AuditEntry[] }[],
    origin: LogOrigin = ORIGIN,
): TestLog {
    const signers = epochs.map(({ seed }) => nativeSigner(seed));
    const genesis = sealGenesis(entry(0), origin, uuid("genesis"), signers[0] as Signer, nativePrimitives);
    const lines = [genesis.line];
    const texts = [genesis.text];
    let { log } = genesis;
    for (const [epoch, { entries }] of epochs.entries()) {
        const [signer, next] = [signers[epoch] as Signer, signers[epoch + 1]];
        const put = (make: (place: Place) => AuditEntry): void => {
            const { hash, sequence } = (lines.at(-1) as AuditLine).capsule;
            const place = { id: uuid(`record ${sequence}`), sequence: sequence + 1, previous_hash: hash };
            const sealed = sealEntry(make(place), place, log, signer, nativePrimitives);
            lines.push(sealed.line);
            texts.push(sealed.text);
        };
        for (const each of entries) put(() => each);
        if (next === undefined) continue;
        put((place) => rotationEntry(log, place, next));
        log = { ...log, publicKey: next.publicKey };
    }
    return { log, ...finish(lines, texts, log, signers.at(-1) as Signer) };
}

export function rotationEntry(log: LogIdentity, place: Omit<Place, "id">, next: Signer): AuditEntry {
    return entry(50, { action: ROTATION_ACTION, details: rotationDetails(log, place, next) });
}

export function lineNumber(texts: string[], offset: number): number {
    let end = 0;
    return 1 + texts.findIndex((text) => offset < (end += Buffer.byteLength(text)));
}

export function uuid(seed: string): string {
    const hex = createHash("sha256").update(seed).digest("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function finish(lines: AuditLine[], texts: string[], log: LogIdentity & { genesis: string }, signer: Signer) {
    const tree = new MerkleTree(nativePrimitives);
    let offset = 0;
    const marks = lines.map(({ capsule }, index): RecordMark => {
        const text = texts[index] as string;
        const mark = { sequence: capsule.sequence, hash: capsule.hash, offset, genesis: log.genesis };
        tree.append(Buffer.from(text.slice(0, -1)));
        offset += Buffer.byteLength(text);
        return mark;
    });
    const size = lines.length;
    const root = tree.root();
    const checkpoint: Checkpoint = {
        genesis: log.genesis,
        size,
        bytes: offset,
        head: lines.at(-1)?.capsule.hash ?? "",
        root,
        note: formatNote(log, { size, root }, signer, nativePrimitives),
    };
    return { lines, texts, bytes: Buffer.from(texts.join("")), checkpoint, marks };
}
