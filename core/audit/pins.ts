import { AuditError } from "../errors.js";
import { LogBehind } from "./behind.js";
import type { LogIdentity } from "./capsule.js";
import { lineError } from "./line.js";
import type { MerkleTree } from "./merkle.js";
import { type Note, parseNote, verifyNote } from "./note.js";
import type { Primitives } from "./primitives.js";
import type { AuditLine, RecordMark } from "./record.js";
import type { Pinned, VerifyOptions } from "./verdict.js";

/** A log up to one of its lines, as far as it was read. */
export interface Prefix {
    /** With the key in force behind the line. */
    log: LogIdentity;
    line: AuditLine;
    tree: MerkleTree;
    /** Bytes up to the line's end. */
    bytes: number;
}

/** All records are whole and linked, yet the lines are not those of the checkpoint. */
export class RootMismatch extends AuditError {}

/** What a log must still hold: single records, and everything up to some of its lines. */
export class Pins {
    private readonly marks = new Map<number, RecordMark[]>();
    private readonly checkpoints: readonly Pinned[];

    constructor(
        private readonly name: string,
        private readonly primitives: Primitives,
        { checkpoint, checkpoints = [], marks = [] }: Pick<VerifyOptions, "checkpoint" | "checkpoints" | "marks">,
    ) {
        this.checkpoints = [...(checkpoint === undefined ? [] : [checkpoint]), ...checkpoints];
        for (const mark of marks) {
            this.marks.set(mark.sequence, [...(this.marks.get(mark.sequence) ?? []), mark]);
        }
    }

    /**
     * That a line is the one which was remembered in its place.
     *
     * @param offset of its first byte
     * @param genesis the log's name
     */
    checkMarks({ capsule: { sequence, hash } }: AuditLine, offset: number, genesis: string): void {
        for (const mark of this.marks.get(sequence) ?? []) {
            const sameLog = mark.genesis === undefined || mark.genesis === genesis;
            if (sameLog && mark.hash === hash && mark.offset === offset) continue;
            throw this.error(`it was replaced: the state remembers ${mark.hash} at byte ${mark.offset}`, sequence + 1);
        }
    }

    /** That the lines so far are those which were pinned, where a checkpoint ends with them. */
    checkCheckpoints(prefix: Prefix): void {
        for (const pinned of this.checkpoints) this.checkCheckpoint(pinned, prefix);
    }

    /** @param size lines that the log has in all */
    checkNothingIsMissing(size: number): void {
        const pinned = Math.max(
            0,
            ...this.checkpoints.map((checkpoint) => checkpoint.size),
            ...[...this.marks.keys()].map((sequence) => sequence + 1),
        );
        if (pinned <= size) return;
        throw new LogBehind(
            [
                `line ${size + 1} of ${this.name}`,
                `it is missing: the log ends after ${size} lines, ${pinned} were pinned`,
                "the log was truncated, or is an older copy: restore the newer one",
            ],
            size,
            pinned,
        );
    }

    private checkCheckpoint(pinned: Pinned, { log, line, tree, bytes }: Prefix): void {
        const { hash } = line.capsule;
        if (pinned.genesis !== undefined && tree.size === 1 && pinned.genesis !== hash) {
            throw this.error(`it belongs to a different log: the pinned one is ${pinned.genesis}`, 1);
        }
        if (pinned.size !== tree.size) return;
        const note = pinned.note === undefined ? undefined : readNote(pinned, pinned.note);
        if (pinned.head !== undefined && pinned.head !== hash) {
            throw this.error(`it was replaced: the pinned head is ${pinned.head}`, pinned.size);
        }
        if (pinned.bytes !== undefined && pinned.bytes !== bytes) {
            throw this.mismatch(`the first ${pinned.size} lines differ in length from the pinned ones`, pinned.size);
        }
        if (pinned.root !== tree.root()) {
            throw this.mismatch(`lines 1 to ${pinned.size} are not the pinned ones`, pinned.size);
        }
        // Last: of a log that was rebuilt under another key a line is to be named, not the note.
        if (note !== undefined) verifyNote(note, log, this.primitives);
    }

    private error(problem: string, line: number): AuditError {
        return lineError(this.name, line, problem);
    }

    private mismatch(problem: string, line: number): RootMismatch {
        const { subject, fix } = this.error(problem, line);
        return new RootMismatch(subject, problem, fix);
    }
}

function readNote(pinned: Pinned, text: string): Note {
    const note = parseNote(text);
    if (note.size === pinned.size && note.root === pinned.root) return note;
    throw new AuditError("checkpoint", "its note has a different size or root", "use an unmodified checkpoint");
}
