import { checkLine } from "../../core/audit/line.js";
import { PartJoiner } from "../../core/audit/parts.js";
import type { AuditEntry, AuditLine, RecordMark } from "../../core/audit/record.js";
import type { Verdict, VerifyOptions } from "../../core/audit/verdict.js";
import { verifyLog } from "../../core/audit/verify.js";
import { type Ends, lineNumber } from "./ends.js";
import type { LogFile } from "./logFile.js";
import { checkOrigin } from "./origin.js";
import { nativePrimitives } from "./primitives.js";
import { bytesOf, type RawLine, linesBackwards, linesForwards } from "./read.js";
import type { AuditRef } from "./ref.js";
import type { LogBytes } from "./segments.js";
import { missing } from "./unusable.js";

/** A record with all of its details. */
export interface WholeRecord {
    /** Of its last line. */
    sequence: number;
    details: Record<string, unknown>;
}

/** What every line of a record in parts has. */
const PART = '"parts":';

/** A log, for reading. Each method opens the file when it is called, and closes it. */
export class LogReader {
    /** What messages call the file. */
    readonly name: string;

    constructor(
        readonly file: LogFile,
        readonly ref: AuditRef,
    ) {
        this.name = ref.path;
    }

    /**
     * @param pinned name of the log that the state remembers
     * @returns undefined when there is no log yet
     * @throws AuditError when it is another stack's
     */
    ends(pinned?: string): Ends | undefined {
        const ends = this.file.readEnds();
        if (ends !== undefined) checkOrigin(this.file, this.name, this.ref, ends, pinned);
        return ends;
    }

    /** @throws AuditError naming the line that is not as it was written */
    async verify(options: Pick<VerifyOptions, "checkpoint" | "marks" | "mode">): Promise<Verdict> {
        const log = this.file.openForReading();
        if (log === undefined) throw missing(this.file, 1, undefined);
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

    /** The records, each checked to be a line of ours; the chain is what {@link verify} is for. */
    async *entries(order: "newest" | "oldest"): AsyncGenerator<AuditLine> {
        for (const { bytes } of this.lines(order === "newest" ? linesBackwards : linesForwards)) {
            yield checkLine(bytes, this.name, lineNumber(bytes));
        }
    }

    /**
     * The records behind a remembered one whose lines contain one of the texts, newest first; and all records in parts, put together:
     * not every line of such a record has the text.
     */
    async *entriesAfter(mark: RecordMark, texts: readonly string[]): AsyncGenerator<AuditLine> {
        const parts = new PartJoiner<AuditLine>("newest");
        for (const { bytes, offset } of this.lines(linesBackwards)) {
            if (offset <= mark.offset) return;
            if (![PART, ...texts].some((text) => bytes.includes(text))) continue;
            const record = parts.push(checkLine(bytes, this.name, lineNumber(bytes)));
            if (record !== undefined) yield record;
        }
    }

    /** The records from an offset on whose lines contain a text, newest first. No other line is looked at. */
    marked(text: string, from: number): AuditLine[] {
        const found: AuditLine[] = [];
        for (const { bytes, offset } of this.lines(linesBackwards)) {
            if (offset < from) break;
            if (bytes.includes(text)) found.push(checkLine(bytes, this.name, lineNumber(bytes)));
        }
        return found;
    }

    /**
     * The records that the predicate wants, newest first, put together from their parts; one of which a part is missing is passed over.
     *
     * @param predicate is asked of every whole record: only one part of it says which relay it is of
     */
    async *details(predicate: (record: AuditEntry) => boolean): AsyncGenerator<WholeRecord> {
        const parts = new PartJoiner<AuditLine>("newest");
        for await (const line of this.entries("newest")) {
            const record = parts.push(line);
            if (record === undefined || !predicate(record)) continue;
            yield { sequence: record.capsule.sequence, details: record.details };
        }
    }

    /** Details of the newest record that the predicate wants. */
    async findDetails(predicate: (record: AuditEntry) => boolean): Promise<Record<string, unknown> | undefined> {
        for await (const { details } of this.details(predicate)) return details;
        return undefined;
    }

    private *lines(inOrder: (log: LogBytes) => Generator<RawLine>): Generator<RawLine> {
        const log = this.file.openForReading();
        if (log === undefined) return;
        try {
            yield* inOrder(log);
        } finally {
            log.close();
        }
    }
}
