/**
 * A copy of the log's bytes somewhere else, on the relay itself or in a file. It only ever grows by what the log has and it
 * has not; when the two contradict each other nothing is written on either side.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

import type { Verdict, VerifyOptions } from "../../core/audit/verdict.js";
import { verifyLog } from "../../core/audit/verify.js";
import { AuditError } from "../../core/errors.js";
import { openIfThere, realDisk, refuseIrregular } from "./disk.js";
import { replaceFile, syncFolder, writeAll } from "./durable.js";
import { lockFile } from "./lock.js";
import { nativePrimitives } from "./primitives.js";
import { bytesOf, endOfLines, fileSource, lineAt, type Source } from "./read.js";
import { realFile } from "./realFile.js";
import { openLog } from "./segments.js";

/** What a mirror says of itself. */
export interface MirrorStatus {
    /** How much it holds, an interrupted write included. */
    bytes: number;
    /** Hash of its last whole record, if it knows. */
    head?: string;
    /** Its last `COMPARED` bytes, if it would take another round trip to read them. */
    tail?: Buffer;
    /** SHA-256 of everything it holds, hex; absent where reading all of it is as cheap. */
    digest?: string;
}

/** How a mirror is reached. */
export interface MirrorTransport {
    status(): Promise<MirrorStatus>;
    /**
     * Writes behind what is there, if that is as long and has that SHA-256, hex: in one round trip.
     *
     * @returns undefined once it is on disk, or what is there instead
     */
    extend?(offset: number, digest: string, bytes: Buffer): Promise<MirrorStatus | undefined>;
    /** Writes behind what is there and returns once it is on disk; refuses when the mirror does not end at `offset`. */
    append(offset: number, bytes: Buffer): Promise<void>;
    /** Exactly that many bytes, fewer only at the end. */
    read(offset: number, length: number): Promise<Buffer>;
}

/** What a mirror lacks of a log. */
interface Missing {
    /** Where to go on. */
    offset: number;
    /** Up to here: the log's whole lines. */
    end: number;
}

const PIECE = 1024 * 1024;
/** Enough to hold a record's hash, so that equal ends mean equal contents: the chain covers everything before. */
export const COMPARED = 4096;

/**
 * What has to be appended so that the mirror holds all of the log's whole lines.
 *
 * @param status what the mirror says of itself, when it has said so already
 * @throws AuditError when the mirror holds what the log does not: the log was cut or replaced, or is an older copy
 */
export async function missingInMirror(
    log: Source,
    name: string,
    mirror: MirrorTransport,
    status?: MirrorStatus,
): Promise<Missing> {
    const { bytes: offset, head, tail, digest } = status ?? (await mirror.status());
    const end = endOfLines(log, log.size);
    if (offset > end) {
        throw new AuditError(
            name,
            `it ends after ${end} bytes, its mirror has ${offset}: the log was truncated, or is an older copy`,
            "restore the newer one with qp-tunnel audit pull, or find out who changed it",
        );
    }
    const whole = endOfLines(log, offset);
    const last = whole === 0 ? undefined : lastLine(log, whole);
    const contradicts =
        (head !== undefined && last !== undefined && !last.includes(`"hash":"${head}"`)) ||
        !(await sameEnd(log, mirror, offset, tail)) ||
        !(await sameBytes(log, mirror, offset, digest));
    if (!contradicts) return { offset, end };
    throw new AuditError(
        name,
        `its mirror has different records: they diverge before byte ${offset}`,
        "compare the two with qp-tunnel audit verify, and find out which one was changed",
    );
}

/**
 * Brings a mirror up to date.
 *
 * @param expected how much of the log it holds, as far as is known: if so, one round trip is enough
 * @returns how many bytes were sent
 */
export async function pushToMirror(
    path: string,
    name: string,
    mirror: MirrorTransport,
    expected?: number,
): Promise<number> {
    const log = openLog(path, name);
    if (log === undefined) return 0;
    try {
        const extended = expected === undefined ? {} : await extendAsExpected(log, mirror, expected);
        if (extended.sent !== undefined) return extended.sent;
        const { offset, end } = await missingInMirror(log, name, mirror, extended.status);
        for (let at = offset; at < end; at += PIECE) {
            await mirror.append(at, log.read(at, Math.min(PIECE, end - at)));
        }
        return end - offset;
    } finally {
        log.close();
    }
}

/** @returns how many bytes were sent, or what the mirror holds instead, if it was asked */
async function extendAsExpected(
    log: Source,
    mirror: MirrorTransport,
    offset: number,
): Promise<{ sent?: number; status?: MirrorStatus }> {
    const end = endOfLines(log, log.size);
    if (mirror.extend === undefined || offset > end || end - offset > PIECE) return {};
    const status = await mirror.extend(offset, digestOf(log, offset), log.read(offset, end - offset));
    return status === undefined ? { sent: end - offset } : { status };
}

interface PullResult {
    verdict: Verdict;
    /** Bytes that were added to the log; 0 when it had them all. */
    added: number;
}

/**
 * Restores a log from its mirror: a fresh machine's, or one that is behind. The mirror is verified whole before a byte is
 * written, and only a log that is its beginning is continued.
 *
 * @param pins what the mirror has to hold, for instance the state's checkpoints
 * @throws AuditError when the mirror is not intact, or the log here says something else
 */
export async function pullFromMirror(
    named: string,
    name: string,
    mirror: MirrorTransport,
    pins: Omit<VerifyOptions, "primitives" | "tail"> = {},
): Promise<PullResult> {
    const path = realFile(named, name);
    const { bytes } = await mirror.status();
    const from = `the mirror of ${name}`;
    const options: VerifyOptions = { mode: "full", ...pins, primitives: nativePrimitives, tail: "ignore" };
    const verdict = await verifyLog(from, () => mirrorBytes(mirror, 0, bytes), options);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const unlock = await lockFile(`${path}.lock`, name);
    try {
        return { verdict, added: await restore(path, name, mirror, verdict.bytes) };
    } finally {
        unlock();
    }
}

async function restore(path: string, name: string, mirror: MirrorTransport, end: number): Promise<number> {
    const log = openLog(path, name);
    try {
        const have = log?.size ?? 0;
        if (log !== undefined) await refuseContradiction(log, name, mirror, Math.min(have, end));
        if (have >= end) return 0;
        const base = log?.base ?? 0;
        const pieces: Buffer[] = [];
        for await (const piece of mirrorBytes(mirror, base, end)) pieces.push(piece);
        // In one step: half of it would be repaired as an interrupted write, and the log would go another way.
        replaceFile(path, pieces);
        return end - have;
    } finally {
        log?.close();
    }
}

async function refuseContradiction(log: Source, name: string, mirror: MirrorTransport, length: number): Promise<void> {
    let offset = 0;
    for (const bytes of bytesOf(log, 0, length)) {
        if (!bytes.equals(await mirror.read(offset, bytes.length))) {
            throw new AuditError(
                name,
                `it is not the beginning of its mirror: they diverge between bytes ${offset} and ${offset + bytes.length}`,
                "compare the two with qp-tunnel audit verify, and find out which one was changed",
            );
        }
        offset += bytes.length;
    }
}

/** A mirror in a file, for instance on a mounted disk, or a copy that was fetched. */
export function fileMirror(path: string): MirrorTransport {
    const reading = async <T>(use: (source: Source) => T): Promise<T> => {
        const file = openIfThere(realDisk, path, constants.O_RDONLY);
        if (file === undefined) return use({ size: 0, read: () => Buffer.alloc(0) });
        try {
            return use(fileSource(file));
        } finally {
            closeSync(file);
        }
    };
    return {
        status: () => reading(({ size }) => ({ bytes: size })),
        read: (offset, length) => reading((source) => source.read(offset, length)),
        async append(offset, bytes) {
            const created = !existsSync(path);
            const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
            const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
            try {
                const status = realDisk.fstatSync(file);
                refuseIrregular(status, path);
                const { size } = status;
                if (size !== offset) {
                    throw new AuditError(path, `it ends at byte ${size}, not ${offset}`, "find the other writer");
                }
                writeAll(file, bytes);
                realDisk.fdatasyncSync(file);
            } finally {
                closeSync(file);
            }
            if (created) syncFolder(path);
        },
    };
}

async function sameEnd(log: Source, mirror: MirrorTransport, offset: number, tail?: Buffer): Promise<boolean> {
    const from = Math.max(0, offset - COMPARED);
    return log.read(from, offset - from).equals(tail ?? (await mirror.read(from, offset - from)));
}

/** Equal ends are equal contents only where both are logs: the mirror may hold anything before its end. */
async function sameBytes(
    log: Source,
    mirror: MirrorTransport,
    length: number,
    digest: string | undefined,
): Promise<boolean> {
    if (digest !== undefined) return digestOf(log, length) === digest;
    for (let offset = 0; offset < length; offset += PIECE) {
        const size = Math.min(PIECE, length - offset);
        if (!log.read(offset, size).equals(await mirror.read(offset, size))) return false;
    }
    return true;
}

function digestOf(log: Source, length: number): string {
    const digest = createHash("sha256");
    for (const bytes of bytesOf(log, 0, length)) digest.update(bytes);
    return digest.digest("hex");
}

function lastLine(log: Source, end: number): Buffer | undefined {
    return lineAt(log, endOfLines(log, end - 1))?.bytes;
}

async function* mirrorBytes(mirror: MirrorTransport, from: number, to: number): AsyncGenerator<Buffer> {
    for (let offset = from; offset < to; offset += PIECE) yield mirror.read(offset, Math.min(PIECE, to - offset));
}
