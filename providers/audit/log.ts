import { ROTATION_ACTION } from "../../core/audit/epochs.js";
import { checkLine } from "../../core/audit/line.js";
import { formatNote } from "../../core/audit/note.js";
import { joinDetails, splitDetails } from "../../core/audit/parts.js";
import type { AuditLine, Checkpoint, LogOrigin, RecordMark } from "../../core/audit/record.js";
import type { Signer } from "../../core/audit/primitives.js";
import { sanitizeEntry } from "../../core/audit/sanitize.js";
import { MAX_LINE_BYTES, shortKey } from "../../core/audit/seal.js";
import { LogBehind, type Verdict, type VerifyOptions, verifyLog } from "../../core/audit/verify.js";
import { AuditError } from "../../core/errors.js";
import { currentCiRun, currentUser } from "./actor.js";
import type { Disk } from "./disk.js";
import { replaceFile } from "./durable.js";
import { checkSealed, type Ends, lineNumber } from "./ends.js";
import { LogFile, missing, type Writer } from "./logFile.js";
import { Operation, type RecordSpec } from "./operation.js";
import { inProject } from "./paths.js";
import { nativePrimitives } from "./primitives.js";
import { bytesOf, lineAt, linesBackwards, linesForwards } from "./read.js";
import { loadSigningKey } from "./signingKey.js";

export type { Operation, RecordSpec } from "./operation.js";

/** Which log, as AuditSink hands it to every resource. */
export interface AuditRef extends LogOrigin {
    /** Relative to the project's folder, or absolute. */
    path: string;
    /** "file:PATH" or "env:NAME"; default: one file per project and stack in the user's configuration directory. */
    signingKey?: string;
    /** Name (hash of the first record) of a log whose loss is acknowledged. */
    restartFrom?: string;
    /** What a preview makes of a log that is merely older than the state. Default "fail". */
    onBehind?: "fail" | "warn";
    /** Bytes beyond which the file is closed as a segment and a new one begun. Default 64 MiB. */
    segmentBytes?: number;
}

export interface OpenOptions {
    /** The state remembers records in this log: if it is missing it was lost, and no new one is begun. */
    expectExisting?: boolean;
    /** How the file system is reached. Default: as it is. */
    disk?: Disk;
}

export interface CheckOptions {
    /** Only a preview may go on with a log that is merely behind. */
    preview?: boolean;
}

/** What is left of a line for the rest that is not details. */
const DETAILS_BYTES = MAX_LINE_BYTES - 64 * 1024;

/**
 * The sealed log of one stack. Opening touches nothing: a method reads or writes when it is called, and throws
 * {@link AuditError} when the log is not what it must be.
 */
export class AuditLog {
    private readonly file: LogFile;
    private readonly name: string;
    private signer: Signer | undefined;

    private constructor(
        private readonly ref: AuditRef,
        private readonly options: OpenOptions,
    ) {
        this.file = LogFile.at(inProject(ref.path, ref.project), ref.path, options.disk);
        this.name = ref.path;
    }

    static open(ref: AuditRef, options: OpenOptions = {}): Promise<AuditLog> {
        return Promise.resolve(new AuditLog(ref, options));
    }

    /** Absolute path of the file. */
    get path(): string {
        return this.file.path;
    }

    /**
     * Writes `<action>_begin` and syncs it; begins the log when there is none.
     *
     * @throws AuditError when it is not safely written: then nothing may be done
     */
    begin(spec: RecordSpec): Promise<Operation> {
        const ci = currentCiRun();
        const details = { ...spec.details, ...(ci === undefined ? {} : { ci }) };
        return Operation.begin((record, id) => this.write(record, id), { ...spec, details });
    }

    /** One record that is no operation's. */
    append(spec: RecordSpec, correlationId: string = crypto.randomUUID()): Promise<RecordMark> {
        return this.write({ status: "success", details: {}, ...spec }, correlationId);
    }

    /** The key that is in force; undefined when there is no log yet. */
    publicKey(): Promise<string | undefined> {
        return Promise.resolve(this.file.readEnds(this.identity())?.log.publicKey);
    }

    /**
     * Puts another key in force, by a record that the key in force seals and the next one signs. From then on only the
     * next key's owner can write.
     *
     * @throws AuditError when the log is not there or not this key's
     */
    rotateKey(next: Signer): Promise<RecordMark> {
        const user = currentUser();
        return this.file.rotate(
            {
                status: "success",
                message: `Key ${shortKey(next.publicKey)} is in force from here on`,
                user,
                correlation_id: crypto.randomUUID(),
            },
            next,
            this.writer(user),
        );
    }

    /**
     * Whether the log still holds a record where it was; reads that line alone.
     *
     * @returns warnings for the person: a loss that the program acknowledges, or a preview on an older log
     * @throws AuditError naming the line that was cut, changed or replaced
     */
    async verifyMark(mark: RecordMark, options: CheckOptions = {}): Promise<string[]> {
        const ends = this.file.readEnds(this.identity());
        if (ends === undefined) return this.lost(mark.sequence + 1, mark.genesis);
        if (this.holds(mark, ends)) {
            this.file.pin(mark.offset);
            return [];
        }
        if (this.acknowledged(ends, mark.genesis ?? this.ref.restartFrom)) {
            return [`${this.name}: begun anew after the loss of ${ends.restartedFrom}`];
        }
        return this.tolerant(options, async () => {
            // The line at fault may be an earlier one: find and name it.
            await this.verify({ marks: [mark], mode: "full" });
            return [];
        });
    }

    /** Pins the whole log: reads, checks and signs it. */
    async checkpoint(): Promise<Checkpoint> {
        const { log, size, bytes, head, root } = await this.verify({});
        const signer = loadSigningKey(this.ref.signingKey, this.ref, false);
        if (signer.publicKey !== log.publicKey) {
            throw new AuditError(
                `signing key ${shortKey(signer.publicKey)}`,
                `the key of ${this.name} is ${shortKey(log.publicKey)}`,
                "give this machine the key that is in force",
            );
        }
        this.file.pin(bytes - 1);
        return {
            genesis: log.genesis,
            size,
            bytes,
            head,
            root,
            note: formatNote(log, { size, root }, signer, nativePrimitives),
        };
    }

    /**
     * Leaves the signed note of the whole log beside it (`<log>.note`, mode 0600): what an auditor compares a copy with
     * once no state is left to pin it.
     *
     * @returns the note's path
     */
    async writeNote(): Promise<string> {
        const { note } = await this.checkpoint();
        const path = `${this.path}.note`;
        replaceFile(path, [Buffer.from(note)]);
        return path;
    }

    /**
     * Whether the log is whole and still begins with everything pinned; reads all of it.
     *
     * @returns warnings, as {@link verifyMark}; also where time goes backwards
     * @throws AuditError naming the line
     */
    async verifyCheckpoint(pinned: Checkpoint, options: CheckOptions = {}): Promise<string[]> {
        const ends = this.file.readEnds(this.identity());
        if (ends === undefined) return this.lost(pinned.size, pinned.genesis);
        const restarted = this.acknowledged(ends, pinned.genesis);
        return this.tolerant(options, async () => {
            const verdict = await this.verify(restarted ? {} : { checkpoint: pinned });
            this.file.pin(restarted ? -1 : pinned.bytes - 1);
            const acknowledged = restarted ? [`${this.name}: begun anew after the loss of ${pinned.genesis}`] : [];
            return [
                ...acknowledged,
                ...verdict.warnings.map(({ line, problem }) => `line ${line} of ${this.name}: ${problem}`),
            ];
        });
    }

    /** Size and head, from both ends of the file; undefined when there is no log yet. */
    status(): Promise<
        { size: number; bytes: number; head: string; genesis: string; restartedFrom?: string } | undefined
    > {
        const ends = this.file.readEnds(this.identity());
        if (ends === undefined) return Promise.resolve(undefined);
        const { log, last, bytes, restartedFrom } = ends;
        const { sequence, hash } = last.capsule;
        const restart = restartedFrom === undefined ? {} : { restartedFrom };
        return Promise.resolve({ size: sequence + 1, bytes, head: hash, genesis: log.genesis, ...restart });
    }

    /**
     * The records, each checked to be a line of ours; the chain is what the verify methods are for.
     *
     * @param order default: from the newest
     */
    async *entries(order: "newest" | "oldest" = "newest"): AsyncGenerator<AuditLine> {
        const log = this.file.openForReading();
        if (log === undefined) return;
        try {
            for (const { bytes } of order === "newest" ? linesBackwards(log) : linesForwards(log)) {
                yield checkLine(bytes, this.name, lineNumber(bytes));
            }
        } finally {
            log.close();
        }
    }

    /**
     * Details of the newest record that the predicate wants, put together when they were written in parts.
     * A record of which a part is missing is passed over.
     */
    async findDetails(predicate: (line: AuditLine) => boolean): Promise<Record<string, unknown> | undefined> {
        const parts = new Map<string, AuditLine[]>();
        for await (const line of this.entries()) {
            if (!predicate(line)) continue;
            const key = `${line.correlation_id} ${line.action}`;
            const found = [...(parts.get(key) ?? []), line];
            const details = joinDetails(found);
            if (details !== undefined) return details;
            parts.set(key, found);
        }
        return undefined;
    }

    private async write(spec: Required<RecordSpec>, correlationId: string): Promise<RecordMark> {
        if (spec.action === ROTATION_ACTION) throw new TypeError("a rotation is written by rotateKey");
        const entry = sanitizeEntry({ ...spec, user: currentUser(), correlation_id: correlationId });
        const parts = splitDetails(entry.details, DETAILS_BYTES);
        const marks = await this.file.append(
            parts.map((details) => ({ ...entry, details })),
            this.writer(entry.user),
        );
        return marks.at(-1) as RecordMark;
    }

    private writer(user: string): Writer {
        const { project, stack, signingKey, restartFrom, segmentBytes } = this.ref;
        return {
            origin: { project, stack },
            signer: (create) => (this.signer ??= loadSigningKey(signingKey, this.ref, create)),
            expectExisting: this.options.expectExisting ?? false,
            ...(restartFrom === undefined ? {} : { restartFrom }),
            ...(segmentBytes === undefined ? {} : { segmentBytes }),
            user,
        };
    }

    private identity(): LogOrigin {
        return { project: this.ref.project, stack: this.ref.stack };
    }

    private async verify(options: Pick<VerifyOptions, "checkpoint" | "marks" | "mode">): Promise<Verdict> {
        const log = this.file.openForReading();
        if (log === undefined) throw missing(this.name, 1);
        try {
            return await verifyLog(this.name, () => bytesOf(log), {
                ...options,
                primitives: nativePrimitives,
                expect: this.identity(),
                tail: "ignore",
            });
        } finally {
            log.close();
        }
    }

    /** Whether the line at the mark's place is the one remembered, untouched. */
    private holds(mark: RecordMark, ends: Ends): boolean {
        if (mark.genesis !== undefined && mark.genesis !== ends.log.genesis) return false;
        const log = this.file.openForReading();
        if (log === undefined) return false;
        try {
            const raw = lineAt(log, mark.offset);
            if (raw === undefined) return false;
            const line = checkSealed(raw.bytes, this.name, mark.sequence + 1, ends);
            return line.capsule.hash === mark.hash && line.capsule.sequence === mark.sequence;
        } catch (error) {
            if (error instanceof AuditError) return false;
            throw error;
        } finally {
            log.close();
        }
    }

    private lost(line: number, genesis: string | undefined): string[] {
        const { restartFrom } = this.ref;
        if (restartFrom === undefined || restartFrom !== (genesis ?? restartFrom))
            throw missing(this.name, line, genesis);
        return [`${this.name}: the log is lost, as acknowledged by restartFrom; the next update begins a new one`];
    }

    /** Whether what is remembered was in a log whose loss the program and this log's first record both acknowledge. */
    private acknowledged({ log, restartedFrom }: Ends, genesis: string | undefined): boolean {
        const known = restartedFrom !== undefined && restartedFrom === this.ref.restartFrom;
        return known && genesis === restartedFrom && genesis !== log.genesis;
    }

    private async tolerant(options: CheckOptions, check: () => Promise<string[]>): Promise<string[]> {
        try {
            return await check();
        } catch (error) {
            const behind = error instanceof LogBehind && options.preview === true && this.ref.onBehind === "warn";
            if (!behind) throw error;
            return [`${error.message}; an update will refuse`];
        }
    }
}
