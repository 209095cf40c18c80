import { randomUUID } from "node:crypto";
import { closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

import type { LogIdentity } from "../../core/audit/capsule.js";
import { timestampOf } from "../../core/audit/entry.js";
import { checkGenesis, checkHash, checkLine, checkSignature, lineError } from "../../core/audit/line.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { AuditEntry, AuditLine, LogOrigin, RecordMark } from "../../core/audit/record.js";
import { sealEntry, sealGenesis } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import { keepAside, stampOf, syncFolder, writeAll } from "./durable.js";
import { lockFile } from "./lock.js";
import { nativePrimitives } from "./primitives.js";
import { endOfLines, lineAt, linesBackwards, linesForwards, type RawLine, readAt } from "./read.js";

/** A record before it has its time: that is taken under the lock, so that it never goes backwards by a race. */
export type UntimedEntry = Omit<AuditEntry, "timestamp">;

/** Who writes, and what it may begin. */
export interface Writer {
    origin: LogOrigin;
    /** Called only when a record is to be sealed. `create`: no log was ever seen, so a key may be made. */
    signer(create: boolean): Signer;
    /** The state remembers records: a missing log is a loss, not a beginning. */
    expectExisting: boolean;
    /** Name (hash of the first record) of a log whose loss the program acknowledges. */
    restartFrom?: string;
    user: string;
}

/** What both ends of a log say. */
export interface Ends {
    log: LogIdentity & { genesis: string };
    restartedFrom?: string;
    last: AuditLine;
    lastOffset: number;
    /** Bytes of whole lines. */
    bytes: number;
    /** Bytes behind them: an interrupted write. */
    torn: number;
}

/** One log file in this process: the only place that writes it. */
export class LogFile {
    private static readonly files = new Map<string, LogFile>();

    private queue: Promise<unknown> = Promise.resolve();
    /** The ends as of `stamp`, so that an append reads nothing when nobody else wrote. */
    private ends: Ends | undefined;
    private stamp = "";
    /** First byte of the newest record that must not be taken for an interrupted write. */
    private pinned = -1;
    private broken: AuditError | undefined;

    private constructor(
        readonly path: string,
        readonly name: string,
    ) {}

    /** The same object for the same path, so that writers within a process queue up. */
    static at(path: string, name: string): LogFile {
        const file = LogFile.files.get(path) ?? new LogFile(path, name);
        LogFile.files.set(path, file);
        return file;
    }

    /**
     * Seals the entries behind what the file holds, writes and syncs them.
     *
     * @returns a mark for each entry
     * @throws AuditError when they are not safely on disk, whatever the reason
     */
    append(entries: UntimedEntry[], writer: Writer): Promise<RecordMark[]> {
        const turn = this.queue.then(() => this.appendLocked(entries, writer));
        this.queue = turn.catch(() => undefined);
        return turn;
    }

    /** undefined when the file is missing or holds no whole line. */
    readEnds(expect: Partial<LogIdentity> = {}): Ends | undefined {
        const file = openOrMissing(this.path, constants.O_RDONLY, this.name);
        if (file === undefined) return undefined;
        try {
            return this.endsOf(file, expect);
        } finally {
            closeSync(file);
        }
    }

    /** Bytes from here on are remembered elsewhere: their loss is never repaired as an interrupted write. */
    pin(offset: number): void {
        this.pinned = Math.max(this.pinned, offset);
    }

    private async appendLocked(entries: UntimedEntry[], writer: Writer): Promise<RecordMark[]> {
        if (this.broken !== undefined) throw this.broken;
        try {
            mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
        } catch (error) {
            throw unusable(this.name, error);
        }
        const unlock = await lockFile(`${this.path}.lock`, this.name);
        try {
            const file = this.openForAppend(writer);
            try {
                return this.write(file, entries, writer);
            } finally {
                closeSync(file);
            }
        } finally {
            unlock();
        }
    }

    private openForAppend(writer: Writer): number {
        const { O_RDWR, O_APPEND, O_CREAT, O_EXCL } = constants;
        const existing = openOrMissing(this.path, O_RDWR | O_APPEND, this.name);
        if (existing !== undefined) return existing;
        this.refuseLoss(writer);
        // Whether there is a key is found out before there is a file.
        writer.signer(true);
        try {
            const file = openSync(this.path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
            syncFolder(this.path);
            return file;
        } catch (error) {
            throw unusable(this.name, error);
        }
    }

    private refuseLoss(writer: Writer): void {
        const known = this.ends?.log.genesis;
        const acknowledged = writer.restartFrom !== undefined && (known ?? writer.restartFrom) === writer.restartFrom;
        if (!acknowledged && (known !== undefined || this.pinned >= 0 || writer.expectExisting))
            throw missing(this.name, 1, known);
        this.pinned = -1;
    }

    private write(file: number, entries: UntimedEntry[], writer: Writer): RecordMark[] {
        const found = this.knownEnds(file, writer.origin) ?? this.endsOf(file, writer.origin);
        if (found === undefined) this.refuseLoss(writer);
        const signer = writer.signer(found === undefined);
        const torn = found?.torn ?? fstatSync(file).size;
        const repaired = torn > 0 ? [this.repair(file, found?.bytes ?? 0, torn, writer)] : [];
        const genesis = found === undefined ? beginLog(writer, signer) : undefined;
        const { log, ...ends } = found ?? (genesis as NewLog).ends;
        const texts = genesis === undefined ? [] : [genesis.text];
        const marks: RecordMark[] = [];
        for (const entry of [...repaired, ...entries]) {
            const { hash, sequence } = ends.last.capsule;
            const place = { id: randomUUID(), sequence: sequence + 1, previous_hash: hash };
            const { line, text } = sealEntry(
                { ...entry, timestamp: timestampOf(Date.now()) },
                place,
                log,
                signer,
                nativePrimitives,
            );
            marks.push({ sequence: place.sequence, hash: line.capsule.hash, offset: ends.bytes, genesis: log.genesis });
            ends.last = line;
            ends.lastOffset = ends.bytes;
            ends.bytes += Buffer.byteLength(text);
            texts.push(text);
        }
        this.writeSynced(file, Buffer.from(texts.join("")), ends.bytes);
        this.ends = { log, ...ends, torn: 0 };
        this.stamp = stampOf(file);
        this.pin(ends.lastOffset);
        return marks.slice(repaired.length);
    }

    private knownEnds(file: number, origin: LogOrigin): Ends | undefined {
        const { project, stack } = this.ends?.log ?? {};
        return this.stamp === stampOf(file) && project === origin.project && stack === origin.stack
            ? this.ends
            : undefined;
    }

    /** After a failed write or sync nothing is known about the file, and a second sync would lie: only a new process may go on. */
    private writeSynced(file: number, bytes: Buffer, expected: number): void {
        try {
            writeAll(file, bytes);
            fdatasyncSync(file);
        } catch (error) {
            this.broken = unusable(this.name, error);
            throw this.broken;
        }
        const { size } = fstatSync(file);
        if (size === expected) return;
        this.broken = new AuditError(
            this.name,
            `it has ${size} bytes after a write that should have made it ${expected}: somebody else writes to it`,
            "find the other writer, then verify the log with qp-tunnel audit verify",
        );
        throw this.broken;
    }

    /** Moves an interrupted write into a file beside the log and cuts it off. */
    private repair(file: number, end: number, torn: number, writer: Writer): UntimedEntry {
        if (this.pinned >= end) {
            throw lineError(this.name, (this.ends?.last.capsule.sequence ?? 0) + 1, "it is cut in the middle");
        }
        try {
            const bytes = readAt(file, end, torn);
            const side = keepAside(this.path, bytes);
            ftruncateSync(file, end);
            fsyncSync(file);
            return {
                user: writer.user,
                correlation_id: randomUUID(),
                action: "log_recovered",
                status: "success",
                message: `Moved ${bytes.length} bytes of an interrupted write to ${side}`,
                details: { bytes: bytes.length, sha3_256: nativePrimitives.sha3(bytes), file: side },
            };
        } catch (error) {
            this.broken = unusable(this.name, error);
            throw this.broken;
        }
    }

    /** Reads and checks the first and the last whole line. */
    private endsOf(file: number, expect: Partial<LogIdentity>): Ends | undefined {
        const { size } = fstatSync(file);
        const bytes = endOfLines(file, size);
        const firstRaw = bytes === 0 ? undefined : lineAt(file, 0);
        const [lastRaw] = linesBackwards(file, bytes);
        if (firstRaw === undefined || lastRaw === undefined) {
            if (bytes > 0) throw lineError(this.name, 1, "it is longer than any line of ours");
            return undefined;
        }
        const first = checkLine(firstRaw.bytes, this.name, 1);
        const { log, restartedFrom } = checkGenesis(first, this.name, nativePrimitives, expect);
        checkSignature(first, log, this.name, 1, nativePrimitives);
        const last = lastRaw.offset === 0 ? first : this.checkLast(file, lastRaw, log);
        const ends = { log, last, lastOffset: lastRaw.offset, bytes, torn: size - bytes };
        return restartedFrom === undefined ? ends : { ...ends, restartedFrom };
    }

    private checkLast(file: number, { bytes, offset }: RawLine, log: LogIdentity): AuditLine {
        try {
            return this.checkSealed(bytes, log, 0);
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            // Only now is it worth counting.
            return this.checkSealed(bytes, log, [...linesForwards(file, offset)].length + 1);
        }
    }

    private checkSealed(bytes: Buffer, log: LogIdentity, number: number): AuditLine {
        const line = checkLine(bytes, this.name, number);
        checkHash(line, log, this.name, number, nativePrimitives);
        checkSignature(line, log, this.name, number, nativePrimitives);
        return line;
    }
}

/** The log is gone, or so short that nothing of it is left. */
export function missing(name: string, line: number, genesis?: string): AuditError {
    const acknowledge = genesis === undefined ? "restartFrom" : `restartFrom: "${genesis}"`;
    return new AuditError(
        `line ${line} of ${name}`,
        "it is missing: the log is not there, though the state remembers records in it",
        `bring the log back from version control or its mirror; if it is lost for good, say so with ${acknowledge}`,
    );
}

/** Opens a file; undefined when it is not there. */
export function openOrMissing(path: string, flags: number, name: string): number | undefined {
    try {
        return openSync(path, flags);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw unusable(name, error);
    }
}

interface NewLog {
    text: string;
    ends: Ends;
}

function beginLog(writer: Writer, signer: Signer): NewLog {
    const { origin, user, restartFrom } = writer;
    const now = { timestamp: timestampOf(Date.now()), user, correlation_id: randomUUID() };
    const { line, text, log } = sealGenesis(now, origin, randomUUID(), signer, nativePrimitives, restartFrom);
    const restarted = restartFrom === undefined ? {} : { restartedFrom: restartFrom };
    return { text, ends: { log, last: line, lastOffset: 0, bytes: Buffer.byteLength(text), torn: 0, ...restarted } };
}

function unusable(name: string, error: unknown): AuditError {
    if (error instanceof AuditError) return error;
    return new AuditError(
        name,
        `it cannot be read or written: ${(error as Error).message}`,
        "see to the disk and the permissions, then run again: what was written half is repaired then",
        { cause: error },
    );
}
