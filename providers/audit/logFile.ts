import { dirname } from "node:path";

import { lineError } from "../../core/audit/line.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { LogOrigin, RecordMark } from "../../core/audit/record.js";
import type { AuditError } from "../../core/errors.js";
import { ActiveFile, type Cut } from "./activeFile.js";
import { type Disk, realDisk } from "./disk.js";
import { type Ends, readEnds } from "./ends.js";
import { lockFile } from "./lock.js";
import { recoveredEntry, segmentEntry } from "./ownEntries.js";
import { realFile } from "./realFile.js";
import { readBack, refuseUsedKey } from "./readBack.js";
import { beginLog, refuseRetired, sealBehind } from "./sealing.js";
import { type LogBytes, openLog } from "./segments.js";
import { missing, unusable } from "./unusable.js";
import type { RotationEntry, UntimedEntry, Writer } from "./writer.js";

const SEGMENT_BYTES = 64 * 1024 * 1024;

/** One log in this process: the only place that writes it. */
export class LogFile {
    private static readonly files = new WeakMap<Disk, Map<string, LogFile>>();

    private queue: Promise<unknown> = Promise.resolve();
    /** As of the cut's stamp, so that an append reads nothing unless another program wrote. */
    private written: { ends: Ends; cut: Cut } | undefined;
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
        readonly disk: Disk,
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
    async rotate(entry: RotationEntry, next: Signer, writer: Writer): Promise<RecordMark> {
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

    private inTurn<T>(body: (active: ActiveFile) => T, writer: Writer): Promise<T> {
        const turn = this.queue.then(() => this.locked(body, writer));
        this.queue = turn.catch(() => undefined);
        return turn;
    }

    private async locked<T>(body: (active: ActiveFile) => T, writer: Writer): Promise<T> {
        if (this.broken !== undefined) throw this.broken;
        try {
            this.disk.mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
        } catch (error) {
            throw unusable(this.name, error);
        }
        const unlock = await lockFile(`${this.path}.lock`, this.name);
        try {
            const active = ActiveFile.open(this, this.written?.cut, () => {
                this.refuseLoss(writer);
                // Whether there is a key is found out before there is a file.
                writer.signer(undefined);
            });
            try {
                return body(active);
            } finally {
                active.close();
            }
        } catch (error) {
            throw unusable(this.name, error);
        } finally {
            unlock();
        }
    }

    /** @param next the key that a single entry puts in force */
    private write(
        active: ActiveFile,
        entries: (UntimedEntry | RotationEntry)[],
        writer: Writer,
        next?: Signer,
    ): RecordMark[] {
        const found = this.endsForWriting(active, writer);
        if (found === undefined) this.refuseLoss(writer);
        const signer = writer.signer(found?.log);
        if (found !== undefined) refuseRetired(signer, found, this.name);
        if (next !== undefined) refuseUsedKey(next.publicKey, found?.keys ?? [], this.name);
        const own = [...this.repair(active, found, writer), ...this.closeFull(active, found, writer)];
        const begun = found === undefined ? beginLog(writer, signer) : { texts: [], ends: found };
        const sealed = sealBehind(begun.ends, [...own, ...entries], signer, next);
        const texts = [...begun.texts, ...sealed.texts];
        readBack(texts, found, this.name);
        // After a failed write or sync nothing is known about the file, and a second sync would lie.
        this.orBroken(() => active.append(Buffer.from(texts.join("")), sealed.ends.bytes));
        this.written = { ends: sealed.ends, cut: active.cut };
        this.pin(sealed.ends.lastOffset);
        return sealed.marks.slice(own.length);
    }

    private endsForWriting(active: ActiveFile, writer: Writer): Ends | undefined {
        const ends = this.written?.cut.stamp === active.stamp ? this.written.ends : this.readEnds();
        if (ends !== undefined) writer.checkOrigin(ends);
        return ends;
    }

    private refuseLoss(writer: Writer): void {
        const known = this.written?.ends.log.genesis;
        const acknowledged = writer.restartFrom !== undefined && (known ?? writer.restartFrom) === writer.restartFrom;
        if (!acknowledged && (known !== undefined || this.pinned >= 0 || writer.expectExisting))
            throw missing(this, 1, known);
        this.pinned = -1;
    }

    /** Moves an interrupted write aside, which is recorded. */
    private repair(active: ActiveFile, found: Ends | undefined, { user }: Writer): UntimedEntry[] {
        const { bytes: end, torn } = found ?? { bytes: 0, torn: active.size };
        if (torn === 0) return [];
        if (this.pinned >= end || end < active.begin) {
            const sequence = this.written?.ends.last.capsule.sequence ?? 0;
            throw lineError(this.name, sequence + 1, "it is cut in the middle");
        }
        const { bytes, side } = this.orBroken(() => active.cutOff(end, torn));
        return [recoveredEntry(user, bytes, side)];
    }

    /** Closes the file that is written as a segment when it is large enough, which is recorded in the next. */
    private closeFull(active: ActiveFile, found: Ends | undefined, writer: Writer): UntimedEntry[] {
        const { segmentBytes = SEGMENT_BYTES, user } = writer;
        if (found === undefined || found.bytes - active.begin < segmentBytes) return [];
        const closed = this.orBroken(() => active.closeSegment(found.bytes));
        return [segmentEntry(user, closed, found.last.capsule.sequence + 1, found.bytes)];
    }

    /** Only a new process may go on after a failure here. */
    private orBroken<T>(body: () => T): T {
        try {
            return body();
        } catch (error) {
            this.broken = unusable(this.name, error);
            throw this.broken;
        }
    }
}

function realPath(path: string, name: string): string {
    try {
        return realFile(path, name);
    } catch (error) {
        throw unusable(name, error);
    }
}
