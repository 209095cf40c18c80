import { AuditError } from "../errors.js";
import type { LogIdentity } from "./capsule.js";
import { goesBackwards } from "./entry.js";
import { checkRotation, type KeyEpoch, ROTATION_ACTION } from "./epochs.js";
import { checkGenesis, checkLine, checkSeal, checkSignature, lineError, wrongSignature } from "./line.js";
import { MerkleTree } from "./merkle.js";
import { type Note, parseNote, verifyNote } from "./note.js";
import type { Primitives } from "./primitives.js";
import type { AuditLine, Checkpoint, RecordMark } from "./record.js";
import { MAX_LINE_BYTES, shortKey } from "./seal.js";

/** A checkpoint, or what a note says of it. */
export type Pinned = Partial<Checkpoint> & Pick<Checkpoint, "size" | "root">;

export interface VerifyOptions {
    primitives: Primitives;
    /**
     * "full" checks every signature; "fast" (default) every hash and link, and the signatures of the first and the last
     * record and of each change of the key: the last one's covers all content before it. What "fast" leaves open, the
     * other lines' own signatures, a checkpoint closes.
     */
    mode?: "fast" | "full";
    /** What the log must still hold: a whole checkpoint, or what a note says of it. */
    checkpoint?: Pinned;
    /** More of them, for instance of every relay of the stack. */
    checkpoints?: readonly Pinned[];
    /** Records the log must still hold where they were. */
    marks?: readonly RecordMark[];
    /** What the log must be bound to. Default: whatever its first line says. */
    expect?: Partial<LogIdentity>;
    /**
     * Bytes after the last newline: an interrupted write, or a cut. "refuse" (default), or "ignore" for a log that is
     * being written, where the next write repairs it.
     */
    tail?: "refuse" | "ignore";
    /**
     * Called with each record that is whole and in its place. That the log is the right one is only known at the end:
     * what is made of the records before must not be used when the verification fails.
     */
    onRecord?: (record: VerifiedRecord) => void;
}

/** A record in its place. */
export interface VerifiedRecord {
    line: AuditLine;
    /** The line with its newline; valid during the call only. */
    bytes: Uint8Array;
    /** Of the line's first byte in the log. */
    offset: number;
    /** What it was sealed under: the log, with the key then in force. */
    sealedAs: LogIdentity;
}

/** What a log that passed is. */
export interface Verdict {
    /** With the key that is in force at its end. */
    log: LogIdentity & { genesis: string };
    /** Every key the log was sealed with, from the first. */
    keys: KeyEpoch[];
    /** Lines, and bytes they take. */
    size: number;
    bytes: number;
    head: string;
    /** RFC 6962 root over the lines, base64. */
    root: string;
    first: string;
    last: string;
    /** Set when the log was begun anew after a loss: the hash that was pinned then. */
    restartedFrom?: string;
    /** How many signatures were checked. */
    signatures: number;
    warnings: { line: number; problem: string }[];
    /** `_begin` records without any outcome. */
    interrupted: { line: number; action: string; correlation_id: string }[];
    /** Bytes after the last newline, when ignored. */
    tornBytes: number;
}

/**
 * The log is a consistent one, only shorter than what was pinned: cut, or an older copy as on a stale branch. From the log
 * alone these two cannot be told apart.
 */
export class LogBehind extends AuditError {
    /** @param size lines that there are; @param pinned lines that there were */
    constructor(
        words: [subject: string, problem: string, fix: string],
        readonly size: number,
        readonly pinned: number,
    ) {
        super(...words);
    }

    /**
     * The same, said by the stack's state: most often it is the branch that is behind.
     *
     * @param name the log's; @param pinned "all" where the state remembers the whole log, or "one" for one record of it
     */
    ofState(name: string, pinned: "all" | "one"): LogBehind {
        const { size } = this;
        const lines = this.pinned - size;
        return new LogBehind(
            [
                name,
                `it is ${pinned === "one" ? "at least " : ""}${lines} ${lines === 1 ? "line" : "lines"} older than the state: line ${size + 1} is missing here`,
                "rebase this branch on what was applied last, or fetch the newer log with `qp-tunnel audit pull`; if nobody has a newer one, its end was cut",
            ],
            size,
            this.pinned,
        );
    }
}

/**
 * Checks a log byte by byte in one pass.
 *
 * @param name what errors call the file
 * @param open yields the file's bytes from the start; called again only to find the line of a mismatch
 * @throws AuditError naming line and problem; {@link LogBehind} when pinned records are missing at the end
 */
export async function verifyLog(
    name: string,
    open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: VerifyOptions,
): Promise<Verdict> {
    try {
        return await run(new LogVerifier(name, options), open());
    } catch (error) {
        if (!(error instanceof RootMismatch) || options.mode === "full") throw error;
        // Some line's signature, which no hash covers, was changed: checking them all tells which.
        await run(new LogVerifier(name, { ...options, mode: "full" }), open());
        throw error;
    }
}

/** The same for bytes that arrive bit by bit. */
export class LogVerifier {
    private readonly tree: MerkleTree;
    private readonly marks: Map<number, RecordMark[]>;
    private readonly pinned: readonly Pinned[];
    private readonly open = new Map<string, Verdict["interrupted"][number]>();
    private readonly warnings: Verdict["warnings"] = [];
    private rest: Uint8Array = new Uint8Array(0);
    private offset = 0;
    private signatures = 0;
    private log: (LogIdentity & { genesis: string }) | undefined;
    private readonly epochs: KeyEpoch[] = [];
    /** Signatures that are checked on other threads, oldest first; each becomes what is wrong with its line. */
    private readonly aside: Promise<AuditError | undefined>[] = [];
    private restartedFrom: string | undefined;
    private first: AuditLine | undefined;
    private last: AuditLine | undefined;

    constructor(
        private readonly name: string,
        private readonly options: VerifyOptions,
    ) {
        this.tree = new MerkleTree(options.primitives);
        this.pinned = [
            ...(options.checkpoint === undefined ? [] : [options.checkpoint]),
            ...(options.checkpoints ?? []),
        ];
        this.marks = new Map();
        for (const mark of options.marks ?? []) {
            this.marks.set(mark.sequence, [...(this.marks.get(mark.sequence) ?? []), mark]);
        }
    }

    push(chunk: Uint8Array): void {
        let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
        for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
            this.pushLine(bytes.subarray(0, end + 1));
            bytes = bytes.subarray(end + 1);
        }
        if (bytes.length >= MAX_LINE_BYTES) throw this.error(`it is longer than ${MAX_LINE_BYTES} bytes`);
        this.rest = bytes;
    }

    /**
     * Waits for signatures that are checked aside.
     *
     * @param most may still be under way afterwards
     * @throws AuditError naming the first line whose signature is wrong
     */
    async settle(most = 0): Promise<void> {
        while (this.aside.length > most) {
            const problem = await this.aside.shift();
            if (problem !== undefined) throw problem;
        }
    }

    /** All has been pushed, and has settled. */
    finish(): Verdict {
        const { log, first, last } = this;
        if (this.aside.length > 0) throw new TypeError("signatures are still being checked: settle first");
        const tornBytes = this.rest.length;
        if (tornBytes > 0 && this.options.tail !== "ignore") {
            throw new AuditError(
                `line ${this.tree.size + 1} of ${this.name}`,
                `its ${tornBytes} bytes do not end with a newline: a write was interrupted, or the file was cut`,
                "run `pulumi up`: it moves them aside, records that and continues the log; if no write was interrupted, restore the log from version control or its mirror",
            );
        }
        if (log === undefined || first === undefined || last === undefined)
            throw this.error("it is missing: the log is empty");
        // A rotation's own was checked with the key it retired.
        if (this.options.mode !== "full" && this.tree.size > 1 && last.action !== ROTATION_ACTION) {
            this.checkSignature(last, this.tree.size);
        }
        this.checkNothingIsMissing();
        return {
            log,
            keys: this.epochs,
            size: this.tree.size,
            bytes: this.offset,
            head: last.capsule.hash,
            root: this.tree.root(),
            first: first.timestamp,
            last: last.timestamp,
            ...(this.restartedFrom === undefined ? {} : { restartedFrom: this.restartedFrom }),
            signatures: this.signatures,
            warnings: this.warnings,
            interrupted: [...this.open.values()],
            tornBytes,
        };
    }

    private pushLine(bytes: Uint8Array): void {
        const number = this.tree.size + 1;
        const line = checkLine(bytes, this.name, number);
        if (this.log === undefined) {
            const { log, restartedFrom } = checkGenesis(line, this.name, this.options.primitives, this.options.expect);
            this.log = log;
            this.restartedFrom = restartedFrom;
            this.first = line;
            this.epochs.push({ publicKey: log.publicKey, from: 0, since: line.timestamp });
            this.checkSignature(line, number);
        } else {
            this.refuseRetired(line, number);
            checkSeal(line, this.last, this.log, this.name, number, this.options.primitives);
            if (line.action === ROTATION_ACTION) this.checkSignature(line, number);
            else if (this.options.mode === "full") this.checkAside(line, number);
        }
        const sealedAs: LogIdentity = number === 1 ? { ...this.log, genesis: null } : this.log;
        if (line.action === ROTATION_ACTION) this.rotate(line, number);
        this.note(line, number);
        this.tree.append(bytes.subarray(0, -1));
        this.checkMarks(line);
        this.options.onRecord?.({ line, bytes, offset: this.offset, sealedAs });
        this.offset += bytes.length;
        this.last = line;
        for (const pinned of this.pinned) this.checkCheckpoint(pinned, line);
    }

    private rotate(line: AuditLine, number: number): void {
        const log = this.log as LogIdentity & { genesis: string };
        const epoch = checkRotation(line, log, this.epochs, this.name, number, this.options.primitives);
        this.epochs.push(epoch);
        this.log = { ...log, publicKey: epoch.publicKey };
    }

    /** Otherwise only "another key" could be said of it. */
    private refuseRetired(line: AuditLine, number: number): void {
        const index = this.epochs.findIndex(({ publicKey }) => shortKey(publicKey) === line.capsule.signed_by);
        const next = index < 0 ? undefined : this.epochs[index + 1];
        if (next === undefined) return;
        throw lineError(
            this.name,
            number,
            `it is sealed by the key ${line.capsule.signed_by}, which line ${next.from} retired`,
        );
    }

    private checkSignature(line: AuditLine, number: number): void {
        checkSignature(line, this.log as LogIdentity, this.name, number, this.options.primitives);
        this.signatures += 1;
    }

    private checkAside(line: AuditLine, number: number): void {
        const { verifyAside } = this.options.primitives;
        if (verifyAside === undefined) return this.checkSignature(line, number);
        const { publicKey } = this.log as LogIdentity;
        this.signatures += 1;
        this.aside.push(
            verifyAside(publicKey, line.capsule.hash, line.capsule.signature).then(
                (valid) => (valid ? undefined : wrongSignature(this.name, number)),
                () => wrongSignature(this.name, number),
            ),
        );
    }

    /** What is no tampering, but worth a person's look. */
    private note(line: AuditLine, number: number): void {
        if (this.last !== undefined && goesBackwards(this.last.timestamp, line.timestamp)) {
            const problem = `time goes backwards, from ${this.last.timestamp} to ${line.timestamp}`;
            this.warnings.push({ line: number, problem });
        }
        const { action, correlation_id } = line;
        if (action.endsWith("_begin")) this.open.set(correlation_id, { line: number, action, correlation_id });
        else this.open.delete(correlation_id);
    }

    private checkMarks(line: AuditLine): void {
        const { sequence, hash } = line.capsule;
        for (const mark of this.marks.get(sequence) ?? []) {
            const sameLog = mark.genesis === undefined || mark.genesis === this.log?.genesis;
            if (sameLog && mark.hash === hash && mark.offset === this.offset) continue;
            throw this.error(`it was replaced: the state remembers ${mark.hash} at byte ${mark.offset}`, sequence + 1);
        }
    }

    private checkCheckpoint(pinned: Pinned, line: AuditLine): void {
        if (pinned.genesis !== undefined && this.tree.size === 1 && pinned.genesis !== line.capsule.hash) {
            throw this.error(`it begins another log: the pinned one is ${pinned.genesis}`, 1);
        }
        if (pinned.size !== this.tree.size) return;
        const note = pinned.note === undefined ? undefined : readNote(pinned, pinned.note);
        if (pinned.head !== undefined && pinned.head !== line.capsule.hash) {
            throw this.error(`it was replaced: the pinned head is ${pinned.head}`, pinned.size);
        }
        if (pinned.bytes !== undefined && pinned.bytes !== this.offset) {
            throw new RootMismatch(
                ...this.words(`the first ${pinned.size} lines take other bytes than pinned`, pinned.size),
            );
        }
        if (pinned.root !== this.tree.root()) {
            throw new RootMismatch(...this.words(`lines 1 to ${pinned.size} are not the pinned ones`, pinned.size));
        }
        // Last: of a log that was rebuilt under another key a line is to be named, not the note.
        if (note !== undefined) verifyNote(note, this.log as LogIdentity, this.options.primitives);
    }

    private checkNothingIsMissing(): void {
        const size = this.tree.size;
        const pinned = Math.max(
            0,
            ...this.pinned.map((checkpoint) => checkpoint.size),
            ...[...this.marks.keys()].map((sequence) => sequence + 1),
        );
        if (pinned <= size) return;
        throw new LogBehind(
            [
                `line ${size + 1} of ${this.name}`,
                `it is missing: the log ends after ${size} lines, ${pinned} were pinned`,
                "the log was cut, or is an older copy: bring back the newer one",
            ],
            size,
            pinned,
        );
    }

    private error(problem: string, line = this.tree.size + 1): AuditError {
        return lineError(this.name, line, problem);
    }

    private words(problem: string, line: number): [string, string, string] {
        const { subject, fix } = this.error(problem, line);
        return [subject, problem, fix];
    }
}

function readNote(pinned: Pinned, text: string): Note {
    const note = parseNote(text);
    if (note.size === pinned.size && note.root === pinned.root) return note;
    throw new AuditError(
        "checkpoint",
        "its note says another size or root than itself",
        "use the checkpoint as it was stored",
    );
}

const NEWLINE = 0x0a;

/** All records are whole and linked, yet the lines are not those of the checkpoint. */
class RootMismatch extends AuditError {}

/** Enough to keep all threads busy, and little memory. */
const ASIDE = 512;

async function run(verifier: LogVerifier, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Verdict> {
    try {
        for await (const chunk of chunks) {
            verifier.push(chunk);
            await verifier.settle(ASIDE);
        }
    } catch (error) {
        // A line before the one at fault may have a wrong signature: the first one is named.
        await verifier.settle();
        throw error;
    }
    await verifier.settle();
    return verifier.finish();
}
