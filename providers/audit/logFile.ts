import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { basename, dirname } from "node:path";

import type { LogIdentity, Place } from "../../core/audit/capsule.js";
import { timestampOf } from "../../core/audit/entry.js";
import { rotationDetails, ROTATION_ACTION } from "../../core/audit/epochs.js";
import { lineError } from "../../core/audit/line.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { AuditEntry, LogOrigin, RecordMark } from "../../core/audit/record.js";
import { sealEntry, sealGenesis, shortKey } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import { type Disk, openIfThere, realDisk } from "./disk.js";
import { keepAside, stampOf, syncFolder, writeAll } from "./durable.js";
import { type Ends, readEnds } from "./ends.js";
import { lockFile } from "./lock.js";
import { misplaced } from "./misplaced.js";
import { nativePrimitives } from "./primitives.js";
import { realFile } from "./realFile.js";
import { readBack, refuseUsedKey } from "./readBack.js";
import { type LogBytes, openLog, segmentPath } from "./segments.js";
import type { Sealed } from "./signingKey.js";

/** A record before it has its time: that is taken under the lock, so that it never goes backwards by a race. */
export type UntimedEntry = Omit<AuditEntry, "timestamp">;

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

const SEGMENT_BYTES = 64 * 1024 * 1024;

/** Before what is known of the log: which of its files is written, and where that begins. */
interface Active {
    file: number;
    base: number;
    closed: number;
}

/** One log in this process: the only place that writes it. */
export class LogFile {
    private static readonly files = new WeakMap<Disk, Map<string, LogFile>>();

    private queue: Promise<unknown> = Promise.resolve();
    /** As of `stamp`, so that an append reads nothing when nobody else wrote. */
    private written: { ends: Ends; base: number; closed: number; stamp: string } | undefined;
    /** As last read: spares looking for the log's keys again. */
    private seen: Ends | undefined;
    /** Names of projects and stacks that are known to be this log's: "genesis project/stack". */
    private readonly names = new Set<string>();
    /** First byte of the newest record that must not be taken for an interrupted write. */
    private pinned = -1;
    private broken: AuditError | undefined;

    private constructor(
        readonly path: string,
        readonly name: string,
        private readonly disk: Disk,
    ) {}

    /** The same object for the same path, so that writers within a process queue up. */
    static at(named: string, name: string, disk: Disk = realDisk): LogFile {
        const path = realPath(named, name);
        const files = LogFile.files.get(disk) ?? new Map<string, LogFile>();
        LogFile.files.set(disk, files);
        const file = files.get(path) ?? new LogFile(path, name, disk);
        files.set(path, file);
        return file;
    }

    /**
     * Seals the entries behind what the log holds, writes and syncs them.
     *
     * @returns a mark for each entry
     * @throws AuditError when they are not safely on disk, whatever the reason
     */
    append(entries: UntimedEntry[], writer: Writer): Promise<RecordMark[]> {
        return this.inTurn((active) => this.write(active, entries, writer), writer);
    }

    /**
     * Seals the record that puts another key in force; the last one of the key that `writer` has.
     *
     * @param entry without details
     */
    async rotate(entry: Omit<UntimedEntry, "details" | "action">, next: Signer, writer: Writer): Promise<RecordMark> {
        const existing = { ...writer, expectExisting: true };
        const [mark] = await this.inTurn((active) => this.write(active, [entry], existing, next), existing);
        return mark as RecordMark;
    }

    /** undefined when the log is missing or holds no whole line. */
    readEnds(): Ends | undefined {
        const log = this.openForReading();
        if (log === undefined) return undefined;
        try {
            const ends = readEnds(log, this.name, {}, this.seen);
            this.seen = ends;
            return ends;
        } finally {
            log.close();
        }
    }

    /** All of the log; undefined when nothing of it is there. The caller closes it. */
    openForReading(): LogBytes | undefined {
        try {
            return openLog(this.path, this.name, this.disk);
        } catch (error) {
            throw unusable(this.name, error);
        }
    }

    /** That a log is of this project and stack, whatever they were called when it was begun. */
    learnName(genesis: string, { project, stack }: LogOrigin): void {
        this.names.add(`${genesis} ${project}/${stack}`);
    }

    hasName(genesis: string, { project, stack }: LogOrigin): boolean {
        return this.names.has(`${genesis} ${project}/${stack}`);
    }

    /** Bytes from here on are remembered elsewhere: their loss is never repaired as an interrupted write. */
    pin(offset: number): void {
        this.pinned = Math.max(this.pinned, offset);
    }

    private inTurn<T>(body: (active: Active) => T, writer: Writer): Promise<T> {
        const turn = this.queue.then(() => this.locked(body, writer));
        this.queue = turn.catch(() => undefined);
        return turn;
    }

    private async locked<T>(body: (active: Active) => T, writer: Writer): Promise<T> {
        if (this.broken !== undefined) throw this.broken;
        try {
            this.disk.mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
        } catch (error) {
            throw unusable(this.name, error);
        }
        const unlock = await lockFile(`${this.path}.lock`, this.name);
        try {
            const active = this.openActive(writer);
            try {
                return body(active);
            } finally {
                this.disk.closeSync(active.file);
            }
        } catch (error) {
            throw unusable(this.name, error);
        } finally {
            unlock();
        }
    }

    /** Two names of one file have two locks. */
    private refuseOtherNames(file: number): void {
        const { nlink } = this.disk.fstatSync(file);
        if (nlink <= 1) return;
        throw new AuditError(
            this.name,
            `the file has ${nlink} names (hard links), and writers under the others are not waited for`,
            `keep one of them: find the others with \`find FOLDER -samefile ${this.path}\``,
        );
    }

    /** The file that is written, made when it is not there; base and number of closed segments are read if not known. */
    private openActive(writer: Writer): Active {
        const { O_RDWR, O_APPEND } = constants;
        const existing = openIfThere(this.disk, this.path, O_RDWR | O_APPEND);
        if (existing !== undefined) {
            this.refuseOtherNames(existing);
            const { written } = this;
            if (written !== undefined && written.stamp === stampOf(existing, this.disk)) {
                return { file: existing, base: written.base, closed: written.closed };
            }
        }
        const log = this.openForReading();
        const { base, closed } = log ?? { base: 0, closed: 0 };
        log?.close();
        if (existing !== undefined) return { file: existing, base, closed };
        if (closed === 0) {
            this.refuseLoss(writer);
            // Whether there is a key is found out before there is a file.
            writer.signer(undefined);
        }
        return { file: this.create(), base, closed };
    }

    private create(): number {
        const { O_RDWR, O_APPEND, O_CREAT, O_EXCL } = constants;
        const file = this.disk.openSync(this.path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, 0o600);
        syncFolder(this.path, this.disk);
        return file;
    }

    private refuseLoss(writer: Writer): void {
        const known = this.written?.ends.log.genesis;
        const acknowledged = writer.restartFrom !== undefined && (known ?? writer.restartFrom) === writer.restartFrom;
        if (!acknowledged && (known !== undefined || this.pinned >= 0 || writer.expectExisting))
            throw missing(this, 1, known);
        this.pinned = -1;
    }

    /** @param next the key that a single entry puts in force */
    private write(
        active: Active,
        entries: (UntimedEntry | Omit<UntimedEntry, "details" | "action">)[],
        writer: Writer,
        next?: Signer,
    ): RecordMark[] {
        const found = this.endsForWriting(active, writer);
        if (found === undefined) this.refuseLoss(writer);
        const signer = writer.signer(found?.log);
        if (found !== undefined) refuseRetired(signer, found, this.name);
        if (next !== undefined) refuseUsedKey(next.publicKey, found?.keys ?? [], this.name);
        const torn = found?.torn ?? this.disk.fstatSync(active.file).size;
        const own = torn > 0 ? [this.repair(active, found?.bytes ?? 0, torn, writer)] : [];
        const genesis = found === undefined ? beginLog(writer, signer) : undefined;
        const { log, keys, ...ends } = found ?? (genesis as NewLog).ends;
        if (ends.bytes - active.base >= (writer.segmentBytes ?? SEGMENT_BYTES)) {
            own.push(this.closeSegment(active, ends.last.capsule.sequence + 1, ends.bytes, writer));
        }
        const texts = genesis === undefined ? [] : [genesis.text];
        const marks: RecordMark[] = [];
        for (const entry of [...own, ...entries]) {
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
        readBack(texts, found, this.name);
        this.writeSynced(active, Buffer.from(texts.join("")), ends.bytes);
        const { publicKey = log.publicKey } = next ?? {};
        const epoch = { publicKey, from: ends.last.capsule.sequence + 1, since: ends.last.timestamp };
        this.written = {
            ends: {
                ...ends,
                log: { ...log, publicKey },
                keys: next === undefined ? keys : [...keys, epoch],
                torn: 0,
            },
            base: active.base,
            closed: active.closed,
            stamp: stampOf(active.file, this.disk),
        };
        this.pin(ends.lastOffset);
        return marks.slice(own.length);
    }

    private endsForWriting({ file }: Active, writer: Writer): Ends | undefined {
        const { ends: known, stamp } = this.written ?? {};
        const ends = stamp === stampOf(file, this.disk) ? known : this.readEnds();
        if (ends !== undefined) writer.checkOrigin(ends);
        return ends;
    }

    /** After a failed write or sync nothing is known about the file, and a second sync would lie: only a new process may go on. */
    private writeSynced({ file, base }: Active, bytes: Buffer, expected: number): void {
        this.orBroken(() => {
            writeAll(file, bytes, this.disk);
            this.disk.fdatasyncSync(file);
            const size = base + this.disk.fstatSync(file).size;
            if (size === expected) return;
            throw new AuditError(
                this.name,
                `it has ${size} bytes after a write that should have made it ${expected}: somebody else writes to it`,
                "find the other writer, then verify the log with qp-tunnel audit verify",
            );
        });
    }

    /** Moves an interrupted write into a file beside the log and cuts it off. */
    private repair({ file, base }: Active, end: number, torn: number, writer: Writer): UntimedEntry {
        if (this.pinned >= end || end < base) {
            const sequence = this.written?.ends.last.capsule.sequence ?? 0;
            throw lineError(this.name, sequence + 1, "it is cut in the middle");
        }
        return this.orBroken(() => {
            const log = this.openForReading();
            const bytes = log?.read(end, torn) ?? Buffer.alloc(0);
            log?.close();
            const side = keepAside(this.path, bytes, this.disk);
            this.disk.ftruncateSync(file, end - base);
            this.disk.fsyncSync(file);
            return {
                user: writer.user,
                correlation_id: randomUUID(),
                action: "log_recovered",
                status: "success" as const,
                message: `Moved ${bytes.length} bytes of an interrupted write to ${side}`,
                details: { bytes: bytes.length, sha3_256: nativePrimitives.sha3(bytes), file: side },
            };
        });
    }

    /** Gives the file that was written its number and begins the next; between the two the log is whole, too. */
    private closeSegment(active: Active, size: number, bytes: number, writer: Writer): UntimedEntry {
        return this.orBroken(() => {
            const closed = segmentPath(this.path, active.closed + 1);
            // Nothing is ever put over a segment: the lock is held, so there is none of that number.
            this.disk.renameSync(this.path, closed);
            syncFolder(this.path, this.disk);
            const old = active.file;
            active.file = this.create();
            active.base = bytes;
            active.closed += 1;
            this.disk.closeSync(old);
            return {
                user: writer.user,
                correlation_id: randomUUID(),
                action: "log_segment",
                status: "success" as const,
                message: `Went on in a new file behind ${basename(closed)}`,
                details: { closed: basename(closed), records: size, bytes },
            };
        });
    }

    private orBroken<T>(body: () => T): T {
        try {
            return body();
        } catch (error) {
            this.broken = unusable(this.name, error);
            throw this.broken;
        }
    }
}

/** The log is gone, or so short that nothing of it is left; or it is beside the place where it should be. */
export function missing({ path, name }: LogFile, line: number, genesis?: string): AuditError {
    const elsewhere = genesis === undefined ? undefined : misplaced(path, name, line, genesis);
    if (elsewhere !== undefined) return elsewhere;
    const acknowledge = genesis === undefined ? "restartFrom" : `restartFrom: "${genesis}"`;
    return new AuditError(
        `line ${line} of ${name}`,
        "it is missing: the log is not there, though the state remembers records in it",
        `bring the log back from version control or its mirror, or name it in \`path\` of AuditSink where the relay came from another project; if it is lost for good, say so with ${acknowledge}`,
    );
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
    const keys = [{ publicKey: log.publicKey, from: 0, since: now.timestamp }];
    return {
        text,
        ends: { log, keys, last: line, lastOffset: 0, bytes: Buffer.byteLength(text), torn: 0, ...restarted },
    };
}

/** What a rotation says depends on where it stands, which is known under the lock only. */
function complete(
    entry: UntimedEntry | Omit<UntimedEntry, "details" | "action">,
    log: LogIdentity,
    place: Place,
    next: Signer | undefined,
): UntimedEntry {
    if ("action" in entry) return entry;
    if (next === undefined) throw new TypeError("an entry without action is a rotation's");
    return { ...entry, action: ROTATION_ACTION, details: rotationDetails(log, place, next) };
}

function refuseRetired(signer: Signer, { log, keys }: Ends, name: string): void {
    const index = keys.findIndex(({ publicKey }) => publicKey === signer.publicKey);
    const next = index < 0 ? undefined : keys[index + 1];
    if (next === undefined) return;
    throw new AuditError(
        `signing key ${shortKey(signer.publicKey)}`,
        `line ${next.from} of ${name} retired it`,
        `give this machine the key that is in force, ${shortKey(log.publicKey)}; if the rotation was interrupted here, run qp-tunnel audit rotate-key again`,
    );
}

function realPath(path: string, name: string): string {
    try {
        return realFile(path, name);
    } catch (error) {
        throw unusable(name, error);
    }
}

function unusable(name: string, error: unknown): AuditError {
    if (error instanceof AuditError) return error;
    if (!isSystemError(error)) throw error;
    return new AuditError(
        name,
        `it cannot be read or written: ${error.message}`,
        "see to the disk and the permissions, then run again: what was written half is repaired then",
        { cause: error },
    );
}

/** Anything else is a bug and keeps its shape. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
    const { code } = error as NodeJS.ErrnoException;
    return typeof code === "string" && !code.startsWith("ERR_");
}
