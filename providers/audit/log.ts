import type { Authority } from "../../core/audit/authority.js";
import { ROTATION_ACTION } from "../../core/audit/epochs.js";
import { formatNote, parseNote, verifyNote } from "../../core/audit/note.js";
import { splitDetails } from "../../core/audit/parts.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { AuditEntry, AuditLine, Checkpoint, RecordMark } from "../../core/audit/record.js";
import { sanitizeEntry } from "../../core/audit/sanitize.js";
import { MAX_LINE_BYTES, shortKey } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import { currentCiRun, currentUser } from "./actor.js";
import type { Disk } from "./disk.js";
import { replaceFile } from "./durable.js";
import { LogFile } from "./logFile.js";
import { Operation, type RecordSpec } from "./operation.js";
import { checkOrigin } from "./origin.js";
import { nativePrimitives } from "./primitives.js";
import { LogReader, type WholeRecord } from "./reader.js";
import { type AuditRef, pathOf } from "./ref.js";
import { type CheckOptions, verifyCheckpoint, verifyMark } from "./remembered.js";
import { loadSigningKey, type Sealed } from "./signingKey.js";
import type { Writer } from "./writer.js";

export type { Operation, RecordSpec } from "./operation.js";
export type { AuditRef } from "./ref.js";
export type { CheckOptions } from "./remembered.js";

export interface OpenOptions {
    /** The state remembers records in this log: if it is missing it was lost, and no new one is begun. */
    expectExisting?: boolean;
    /** How the file system is reached. Default: as it is. */
    disk?: Disk;
}

/** What is left of a line for the rest that is not details. */
const DETAILS_BYTES = MAX_LINE_BYTES - 64 * 1024;

/**
 * The sealed log of one stack. Opening touches nothing: a method reads or writes when it is called, and throws
 * {@link AuditError} when the log is not what it must be.
 */
export class AuditLog {
    private readonly file: LogFile;
    private readonly reader: LogReader;
    private signer: Signer | undefined;

    private constructor(
        private readonly ref: AuditRef,
        private readonly options: OpenOptions,
    ) {
        this.file = LogFile.at(pathOf(ref), ref.path, options.disk);
        this.reader = new LogReader(this.file, ref);
    }

    static async open(ref: AuditRef, options: OpenOptions = {}): Promise<AuditLog> {
        return Promise.resolve(new AuditLog(ref, options));
    }

    /** Absolute path of the file. */
    get path(): string {
        return this.file.path;
    }

    /**
     * Writes `<action>_begin` and syncs it; begins the log when there is none.
     *
     * @param authority on whose word it is done, where it had to be approved
     * @throws AuditError when it is not safely written: then nothing may be done
     */
    begin(spec: RecordSpec, authority?: Authority): Promise<Operation> {
        const ci = currentCiRun();
        const details = { ...spec.details, ...(ci === undefined ? {} : { ci }) };
        return Operation.begin((record, id) => this.write(record, id), { ...spec, details }, authority);
    }

    /** One record that is no operation's. */
    append(spec: RecordSpec, correlationId: string = crypto.randomUUID()): Promise<RecordMark> {
        return this.write({ status: "success", details: {}, ...spec }, correlationId);
    }

    /** The key that seals the log as it is; never a new one. */
    async signingKey(): Promise<Signer> {
        return this.signerOf(await this.sealed());
    }

    /**
     * Why an update on this machine could not write the log, for a preview to say: it has not got the key in force.
     *
     * @returns undefined when it could
     */
    async unwritable(): Promise<AuditError | undefined> {
        const sealed = await this.sealed();
        // A first update makes a key where the program names a file, or none.
        if (sealed === undefined && !this.ref.signingKey?.startsWith("env:")) return undefined;
        try {
            const { publicKey } = this.signerOf(sealed);
            if (sealed === undefined || publicKey === sealed.publicKey) return undefined;
            return this.notInForce(publicKey, sealed);
        } catch (error) {
            if (error instanceof AuditError) return error;
            throw error;
        }
    }

    /** What the log was begun as, with the key that is in force; undefined when there is no log yet. */
    async sealed(): Promise<Sealed | undefined> {
        return this.reader.ends()?.log;
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
                message: `Key ${shortKey(next.publicKey)} is the current key from here on`,
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
     * @returns warnings for the person: a loss that the program acknowledges
     * @throws AuditError naming the line that was cut, changed or replaced
     */
    verifyMark(mark: RecordMark, options: CheckOptions = {}): Promise<string[]> {
        return verifyMark(this.reader, mark, options);
    }

    /**
     * Whether the log is whole and still begins with everything pinned; reads all of it.
     *
     * @returns warnings, as {@link verifyMark}; also where time goes backwards
     * @throws AuditError naming the line
     */
    verifyCheckpoint(pinned: Checkpoint, options: CheckOptions = {}): Promise<string[]> {
        return verifyCheckpoint(this.reader, pinned, options);
    }

    /** Pins the whole log: reads, checks and signs it. */
    async checkpoint(): Promise<Checkpoint> {
        this.reader.ends();
        const { log, size, bytes, head, root } = await this.reader.verify({});
        const signer = this.signerOf(log);
        if (signer.publicKey !== log.publicKey) throw this.notInForce(signer.publicKey, log);
        const note = formatNote(log, { size, root }, signer, nativePrimitives);
        verifyNote(parseNote(note), log, nativePrimitives);
        this.file.pin(bytes - 1);
        return { genesis: log.genesis, size, bytes, head, root, note };
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

    /** Size and head, from both ends of the file; undefined when there is no log yet. */
    async status(): Promise<
        { size: number; bytes: number; head: string; genesis: string; restartedFrom?: string } | undefined
    > {
        const ends = this.reader.ends();
        if (ends === undefined) return undefined;
        const { log, last, bytes, restartedFrom } = ends;
        const { sequence, hash } = last.capsule;
        const restart = restartedFrom === undefined ? {} : { restartedFrom };
        return { size: sequence + 1, bytes, head: hash, genesis: log.genesis, ...restart };
    }

    /**
     * The records, each checked to be a line of ours; the chain is what the verify methods are for.
     *
     * @param order default: from the newest
     */
    entries(order: "newest" | "oldest" = "newest"): AsyncGenerator<AuditLine> {
        return this.reader.entries(order);
    }

    /** The records behind a remembered one whose lines contain one of the texts, newest first; and others in parts. */
    entriesAfter(mark: RecordMark, ...texts: string[]): AsyncGenerator<AuditLine> {
        return this.reader.entriesAfter(mark, texts);
    }

    /** The records behind an offset whose lines contain a text, newest first. No other line is looked at. */
    marked(text: string, from: number): AuditLine[] {
        return this.reader.marked(text, from);
    }

    /** Details of the newest record that the predicate wants. */
    findDetails(predicate: (record: AuditEntry) => boolean): Promise<Record<string, unknown> | undefined> {
        return this.reader.findDetails(predicate);
    }

    /** The records that the predicate wants, newest first, each put together when it was written in parts. */
    details(predicate: (record: AuditEntry) => boolean): AsyncGenerator<WholeRecord> {
        return this.reader.details(predicate);
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

    /** The key that seals a log as it is. */
    private signerOf(sealed: Sealed | undefined): Signer {
        return loadSigningKey(this.ref.signingKey, this.ref, false, sealed);
    }

    private writer(user: string): Writer {
        const { project, stack, signingKey, restartFrom, segmentBytes, path } = this.ref;
        return {
            origin: { project, stack },
            checkOrigin: (ends) => checkOrigin(this.file, path, this.ref, ends),
            signer: (sealed) => (this.signer ??= loadSigningKey(signingKey, this.ref, sealed === undefined, sealed)),
            expectExisting: this.options.expectExisting ?? false,
            ...(restartFrom === undefined ? {} : { restartFrom }),
            ...(segmentBytes === undefined ? {} : { segmentBytes }),
            user,
        };
    }

    private notInForce(publicKey: string, sealed: Sealed): AuditError {
        return new AuditError(
            `signing key ${shortKey(publicKey)}`,
            `the key of ${this.ref.path} is ${shortKey(sealed.publicKey)}`,
            "copy the current key to this machine",
        );
    }
}
