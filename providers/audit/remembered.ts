/** Whether a log still is what the stack's state remembers of it. */
import { LogBehind } from "../../core/audit/behind.js";
import type { Checkpoint, RecordMark } from "../../core/audit/record.js";
import { AuditError } from "../../core/errors.js";
import { checkSealed, type Ends } from "./ends.js";
import { misplaced } from "./misplaced.js";
import { lineAt } from "./read.js";
import type { LogReader } from "./reader.js";
import { missing } from "./unusable.js";

export interface CheckOptions {
    /** Told that the log is merely behind, where the program lets that pass (`onBehind`). Only a preview may: for others it is refused. */
    behind?: (warning: string) => void;
}

/**
 * Whether the log still holds a record where it was; reads that line alone.
 *
 * @returns warnings for the person: a loss that the program acknowledges
 * @throws AuditError naming the line that was cut, changed or replaced
 */
export async function verifyMark(reader: LogReader, mark: RecordMark, options: CheckOptions): Promise<string[]> {
    const ends = reader.ends(mark.genesis);
    if (ends === undefined) return lost(reader, mark.sequence + 1, mark.genesis);
    if (isUnchangedAt(reader, mark, ends)) {
        reader.file.pin(mark.offset);
        return [];
    }
    if (acknowledged(reader, ends, mark.genesis ?? reader.ref.restartFrom)) {
        return [`${reader.name}: started again after the loss of ${ends.restartedFrom}`];
    }
    refuseMisplaced(reader, ends, mark.sequence + 1, mark.genesis);
    return tolerant(reader, options, "one", async () => {
        // The line at fault may be an earlier one: find and name it.
        await reader.verify({ marks: [mark], mode: "full" });
        return [];
    });
}

/**
 * Whether the log is whole and still begins with everything pinned; reads all of it.
 *
 * @returns warnings, as {@link verifyMark}; also where time goes backwards
 * @throws AuditError naming the line
 */
export async function verifyCheckpoint(
    reader: LogReader,
    pinned: Checkpoint,
    options: CheckOptions,
): Promise<string[]> {
    const ends = reader.ends(pinned.genesis);
    if (ends === undefined) return lost(reader, pinned.size, pinned.genesis);
    const restarted = acknowledged(reader, ends, pinned.genesis);
    if (!restarted) refuseMisplaced(reader, ends, 1, pinned.genesis);
    return tolerant(reader, options, "all", async () => {
        const verdict = await reader.verify(restarted ? {} : { checkpoint: pinned });
        reader.file.pin(restarted ? -1 : pinned.bytes - 1);
        return [
            ...(restarted ? [`${reader.name}: started again after the loss of ${pinned.genesis}`] : []),
            ...verdict.warnings.map(({ line, problem }) => `line ${line} of ${reader.name}: ${problem}`),
        ];
    });
}

/** Whether the line at the mark's place is the one remembered, untouched. */
function isUnchangedAt({ file, name }: LogReader, mark: RecordMark, ends: Ends): boolean {
    if (mark.genesis !== undefined && mark.genesis !== ends.log.genesis) return false;
    const log = file.openForReading();
    if (log === undefined) return false;
    try {
        const raw = lineAt(log, mark.offset);
        if (raw === undefined) return false;
        const line = checkSealed(raw.bytes, name, mark.sequence + 1, ends);
        return line.capsule.hash === mark.hash && line.capsule.sequence === mark.sequence;
    } catch (error) {
        if (error instanceof AuditError) return false;
        throw error;
    } finally {
        log.close();
    }
}

function lost({ file, name, ref }: LogReader, line: number, genesis: string | undefined): string[] {
    const { restartFrom } = ref;
    if (restartFrom === undefined || restartFrom !== (genesis ?? restartFrom)) throw missing(file, line, genesis);
    return [`${name}: the log is lost, as acknowledged by restartFrom; the next update creates a new one`];
}

/** Whether what is remembered was in a log whose loss the program and this log's first record both acknowledge. */
function acknowledged({ ref }: LogReader, { log, restartedFrom }: Ends, genesis: string | undefined): boolean {
    const known = restartedFrom !== undefined && restartedFrom === ref.restartFrom;
    return known && genesis === restartedFrom && genesis !== log.genesis;
}

function refuseMisplaced({ file, name }: LogReader, { log }: Ends, line: number, pinned: string | undefined): void {
    if (pinned === undefined || pinned === log.genesis) return;
    const elsewhere = misplaced(file.path, name, line, pinned);
    if (elsewhere !== undefined) throw elsewhere;
}

/** Lets a log that is merely behind pass in a preview, where the program says so. */
async function tolerant(
    { name, ref }: LogReader,
    { behind }: CheckOptions,
    pinned: "all" | "one",
    check: () => Promise<string[]>,
): Promise<string[]> {
    try {
        return await check();
    } catch (error) {
        if (!(error instanceof LogBehind)) throw error;
        const older = error.ofState(name, pinned);
        if (behind === undefined || ref.onBehind !== "warn") throw older;
        behind(`${older.message}; an update will be refused`);
        return [];
    }
}
