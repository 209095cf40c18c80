import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, isAbsolute } from "node:path";

import { ROTATION_ACTION } from "../../core/audit/epochs.js";
import { checkLine } from "../../core/audit/line.js";
import { formatNote, parseNote, verifyNote } from "../../core/audit/note.js";
import { joinDetails, splitDetails } from "../../core/audit/parts.js";
import type { AuditLine, Checkpoint, LogOrigin, RecordMark } from "../../core/audit/record.js";
import type { Signer } from "../../core/audit/primitives.js";
import { RENAME_ACTION } from "../../core/audit/renames.js";
import { sanitizeEntry } from "../../core/audit/sanitize.js";
import { MAX_LINE_BYTES, shortKey } from "../../core/audit/seal.js";
import { LogBehind } from "../../core/audit/behind.js";
import type { Verdict, VerifyOptions } from "../../core/audit/verdict.js";
import { verifyLog } from "../../core/audit/verify.js";
import { AuditError } from "../../core/errors.js";
import { currentCiRun, currentUser } from "./actor.js";
import type { Disk } from "./disk.js";
import { replaceFile } from "./durable.js";
import { checkSealed, type Ends, lineNumber } from "./ends.js";
import { LogFile, missing, type Writer } from "./logFile.js";
import { misplaced } from "./misplaced.js";
import { Operation, type RecordSpec } from "./operation.js";
import { inProject, projectFolder } from "./paths.js";
import { nativePrimitives } from "./primitives.js";
import { bytesOf, lineAt, linesBackwards, linesForwards } from "./read.js";
import { loadSigningKey, type Sealed } from "./signingKey.js";

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
    /** Told that the log is merely behind, where the program lets that pass (`onBehind`). Only a preview may: for others it is refused. */
    behind?: (warning: string) => void;
}

/** An inline program of the Automation API has a folder of its own, made for this run, that nobody finds again. */
function refuseTemporary({ path, project }: AuditRef): void {
    if (isAbsolute(path) || path.startsWith("~/")) return;
    const folder = projectFolder(project);
    if (!TEMPORARY.test(basename(folder)) || !isBelow(realpathSync(tmpdir()), realpathSync(folder))) return;
    throw new AuditError(
        path,
        `the project's folder ${folder} is a temporary one of an inline program, and the log would be lost with it`,
        "give AuditSink an absolute `path` in a folder that stays, or the workspace a `workDir`",
    );
}

/** What the Automation API calls them. */
const TEMPORARY = /^(?:automation-|pulumi_auto)/;

function isBelow(folder: string, path: string): boolean {
    return path.startsWith(`${folder}/`);
}

const RENAME = Buffer.from(`"action":"${RENAME_ACTION}"`);

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
        refuseTemporary(ref);
        this.file = LogFile.at(inProject(ref.path, ref.project), ref.path, options.disk);
        this.name = ref.path;
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

    /** The key that seals the log as it is; never a new one. */
    async signingKey(): Promise<Signer> {
        return this.signerOf(await this.sealed());
    }

    /**
     * Why an update on this machine could not write the log, for a preview to say: it has not got the key in force.
     *
     * @returns undefined when it could
     */
    async unwritable(): Promise<string | undefined> {
        const sealed = await this.sealed();
        // A first update makes a key where the program names a file, or none.
        if (sealed === undefined && !this.ref.signingKey?.startsWith("env:")) return undefined;
        try {
            const { publicKey } = this.signerOf(sealed);
            if (sealed === undefined || publicKey === sealed.publicKey) return undefined;
            return `signing key ${shortKey(publicKey)}: the key of ${this.name} is ${shortKey(sealed.publicKey)}; give this machine the key that is in force`;
        } catch (error) {
            if (error instanceof AuditError) return error.message;
            throw error;
        }
    }

    /** What the log was begun as, with the key that is in force; undefined when there is no log yet. */
    sealed(): Promise<Sealed | undefined> {
        return Promise.resolve(this.readEnds()?.log);
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
     * @returns warnings for the person: a loss that the program acknowledges
     * @throws AuditError naming the line that was cut, changed or replaced
     */
    async verifyMark(mark: RecordMark, options: CheckOptions = {}): Promise<string[]> {
        const ends = this.readEnds(mark.genesis);
        if (ends === undefined) return this.lost(mark.sequence + 1, mark.genesis);
        if (this.holds(mark, ends)) {
            this.file.pin(mark.offset);
            return [];
        }
        if (this.acknowledged(ends, mark.genesis ?? this.ref.restartFrom)) {
            return [`${this.name}: begun anew after the loss of ${ends.restartedFrom}`];
        }
        this.refuseMisplaced(ends, mark.sequence + 1, mark.genesis);
        return this.tolerant(options, "one", async () => {
            // The line at fault may be an earlier one: find and name it.
            await this.verify({ marks: [mark], mode: "full" });
            return [];
        });
    }

    /** Pins the whole log: reads, checks and signs it. */
    async checkpoint(): Promise<Checkpoint> {
        this.readEnds();
        const { log, size, bytes, head, root } = await this.verify({});
        const signer = this.signerOf(log);
        if (signer.publicKey !== log.publicKey) {
            throw new AuditError(
                `signing key ${shortKey(signer.publicKey)}`,
                `the key of ${this.name} is ${shortKey(log.publicKey)}`,
                "give this machine the key that is in force",
            );
        }
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

    /**
     * Whether the log is whole and still begins with everything pinned; reads all of it.
     *
     * @returns warnings, as {@link verifyMark}; also where time goes backwards
     * @throws AuditError naming the line
     */
    async verifyCheckpoint(pinned: Checkpoint, options: CheckOptions = {}): Promise<string[]> {
        const ends = this.readEnds(pinned.genesis);
        if (ends === undefined) return this.lost(pinned.size, pinned.genesis);
        const restarted = this.acknowledged(ends, pinned.genesis);
        if (!restarted) this.refuseMisplaced(ends, 1, pinned.genesis);
        return this.tolerant(options, "all", async () => {
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
        const ends = this.readEnds();
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

    /** The records behind a remembered one whose lines contain one of the texts, newest first. */
    async *entriesAfter(mark: RecordMark, ...texts: string[]): AsyncGenerator<AuditLine> {
        const log = this.file.openForReading();
        if (log === undefined) return;
        try {
            for (const { bytes, offset } of linesBackwards(log)) {
                if (offset <= mark.offset) return;
                if (texts.some((text) => bytes.includes(text))) yield checkLine(bytes, this.name, lineNumber(bytes));
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

    /** The key that seals a log as it is. */
    private signerOf(sealed: Sealed | undefined): Signer {
        return loadSigningKey(this.ref.signingKey, this.ref, false, sealed);
    }

    private writer(user: string): Writer {
        const { project, stack, signingKey, restartFrom, segmentBytes } = this.ref;
        return {
            origin: { project, stack },
            checkOrigin: (ends) => this.checkOrigin(ends),
            signer: (sealed) => (this.signer ??= loadSigningKey(signingKey, this.ref, sealed === undefined, sealed)),
            expectExisting: this.options.expectExisting ?? false,
            ...(restartFrom === undefined ? {} : { restartFrom }),
            ...(segmentBytes === undefined ? {} : { segmentBytes }),
            user,
        };
    }

    /** @param pinned name of the log that the state remembers */
    private readEnds(pinned?: string): Ends | undefined {
        const ends = this.file.readEnds();
        if (ends === undefined) return undefined;
        if (pinned === ends.log.genesis) this.file.learnName(pinned, this.ref);
        this.checkOrigin(ends, pinned);
        return ends;
    }

    /**
     * A log is of one stack, and goes on when that is renamed: what the state pins shows it, or the record of the rename. Another
     * stack's log is refused.
     */
    private checkOrigin({ log }: Ends, pinned?: string): void {
        const { project, stack } = this.ref;
        if ((log.project === project && log.stack === stack) || this.file.hasName(log.genesis, this.ref)) return;
        // Whose log it is matters no more than that it is not the one that is remembered.
        const remembered = pinned === undefined ? undefined : misplaced(this.path, this.name, 1, pinned);
        if (remembered !== undefined) throw remembered;
        if (!this.tellsOfRename()) {
            const [word, theirs, ours] =
                log.project === project ? ["stack", log.stack, stack] : ["project", log.project, project];
            throw new AuditError(
                `line 1 of ${this.name}`,
                `it is the log of another ${word}: ${theirs}, not ${ours}`,
                "point to the log of this stack",
            );
        }
        this.file.learnName(log.genesis, this.ref);
    }

    /** Whether a record says that one of its relays came to be called as this project and stack are. */
    private tellsOfRename(): boolean {
        const { project, stack } = this.ref;
        const log = this.file.openForReading();
        if (log === undefined) return false;
        try {
            for (const { bytes } of linesBackwards(log)) {
                if (!bytes.includes(RENAME)) continue;
                const line = checkLine(bytes, this.name, lineNumber(bytes));
                const { from, to } = line.details;
                if (line.action !== RENAME_ACTION || typeof to !== "string" || typeof from !== "string") continue;
                if (to.startsWith(`${project}/${stack}/`)) return true;
                // It was called so once, and has another name since.
                if (from.startsWith(`${project}/${stack}/`)) return false;
            }
            return false;
        } finally {
            log.close();
        }
    }

    private refuseMisplaced({ log }: Ends, line: number, pinned: string | undefined): void {
        if (pinned === undefined || pinned === log.genesis) return;
        const elsewhere = misplaced(this.path, this.name, line, pinned);
        if (elsewhere !== undefined) throw elsewhere;
    }

    private async verify(options: Pick<VerifyOptions, "checkpoint" | "marks" | "mode">): Promise<Verdict> {
        const log = this.file.openForReading();
        if (log === undefined) throw missing(this.file, 1);
        try {
            return await verifyLog(this.name, () => bytesOf(log), {
                ...options,
                primitives: nativePrimitives,
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
            throw missing(this.file, line, genesis);
        return [`${this.name}: the log is lost, as acknowledged by restartFrom; the next update begins a new one`];
    }

    /** Whether what is remembered was in a log whose loss the program and this log's first record both acknowledge. */
    private acknowledged({ log, restartedFrom }: Ends, genesis: string | undefined): boolean {
        const known = restartedFrom !== undefined && restartedFrom === this.ref.restartFrom;
        return known && genesis === restartedFrom && genesis !== log.genesis;
    }

    private async tolerant(
        { behind }: CheckOptions,
        pinned: "all" | "one",
        check: () => Promise<string[]>,
    ): Promise<string[]> {
        try {
            return await check();
        } catch (error) {
            if (!(error instanceof LogBehind)) throw error;
            const older = error.ofState(this.name, pinned);
            if (behind === undefined || this.ref.onBehind !== "warn") throw older;
            behind(`${older.message}; an update will refuse`);
            return [];
        }
    }
}
