import type { LogIdentity } from "../../core/audit/capsule.js";
import { epochAt } from "../../core/audit/epochs.js";
import { checkLine } from "../../core/audit/line.js";
import type { AuditLine } from "../../core/audit/record.js";
import { MAX_LINE_BYTES } from "../../core/audit/seal.js";
import type { Verdict, VerifyOptions } from "../../core/audit/verdict.js";
import { verifyLog } from "../../core/audit/verify.js";
import { AuditError } from "../../core/errors.js";
import { nativePrimitives } from "../../providers/audit/primitives.js";
import { bytesOf, linesForwards } from "../../providers/audit/read.js";
import { type LogBytes, openLog } from "../../providers/audit/segments.js";
import { Exit, type Output, printJson } from "../output.js";
import { Progress } from "../progress.js";
import { type PinOptions, type Pins, readPins } from "./pins.js";

/** One record of a log that was found intact. */
export interface IntactRecord {
    line: AuditLine;
    /** The line, with its newline. */
    bytes: Buffer;
    /** What it was sealed under. */
    sealedAs: LogIdentity;
}

/** A verified log, still open. */
export interface Intact {
    verdict: Verdict;
    pins: Pins;
    /** Its records from the first to the last, read again one by one. */
    records(): Generator<IntactRecord>;
}

type Options = PinOptions & { json?: boolean };

/**
 * Verifies a log against everything that is given for comparison, then lets a command use it. A log that is not intact is
 * not used: the reason is printed instead, and the exit code shows it.
 *
 * @param verifying default: fast, and an incomplete last line is left alone
 */
export async function withIntact(
    file: string,
    options: Options,
    output: Output,
    use: (log: Intact) => number | Promise<number>,
    verifying: Pick<VerifyOptions, "mode" | "tail" | "onRecord"> = { tail: "ignore" },
): Promise<number> {
    // Wrong usage is reported before anything is read.
    readPins(options, file, undefined);
    const log = openLog(file, file) ?? throwNotFound(file);
    try {
        const checked = await check(log, file, options, output, verifying);
        if (checked instanceof AuditError) {
            report(checked, file, options, output);
            return Exit.problem;
        }
        const { verdict, pins } = checked;
        return await use({ verdict, pins, records: () => records(log, file, verdict) });
    } finally {
        log.close();
    }
}

/** An error of the log itself; anything else is thrown. */
async function check(
    log: LogBytes,
    file: string,
    options: Options,
    output: Output,
    verifying: Pick<VerifyOptions, "mode" | "tail" | "onRecord">,
): Promise<{ verdict: Verdict; pins: Pins } | AuditError> {
    try {
        const pins = readPins(options, file, genesisOf(log.read(0, MAX_LINE_BYTES), file));
        const { checkpoints, marks, expect } = pins;
        const progress = new Progress(`verifying ${file}`, log.size, output);
        const verdict = await verifyLog(file, () => counted(log, progress), {
            ...verifying,
            primitives: nativePrimitives,
            checkpoints,
            marks,
            expect,
        });
        return { verdict, pins };
    } catch (error) {
        if (error instanceof AuditError) return error;
        throw error;
    }
}

export function report(error: AuditError, file: string, { json }: { json?: boolean }, output: Output): void {
    const { subject, problem, fix } = error;
    if (json) printJson(output, { valid: false, file, error: { subject, problem, fix } });
    else output.stderr.write(`error: ${error.message}\n`);
}

function* counted(log: LogBytes, progress: Progress): Generator<Buffer> {
    for (const bytes of bytesOf(log)) {
        yield bytes;
        progress.add(bytes.length);
    }
}

function* records(log: LogBytes, name: string, { bytes, keys, log: identity }: Verdict): Generator<IntactRecord> {
    let sequence = 0;
    for (const raw of linesForwards(log, bytes)) {
        const publicKey = epochAt(keys, sequence)?.publicKey ?? identity.publicKey;
        const sealedAs = { ...identity, publicKey, genesis: sequence === 0 ? null : identity.genesis };
        sequence += 1;
        yield { line: checkLine(raw.bytes, name, sequence), bytes: raw.bytes, sealedAs };
    }
}

/** Genesis hash of the log that begins with these bytes; undefined if they do not begin with a valid first line. */
export function genesisOf(beginning: Buffer, name: string): string | undefined {
    const end = beginning.indexOf("\n") + 1;
    if (end === 0) return undefined;
    try {
        return checkLine(beginning.subarray(0, end), name, 1).capsule.hash;
    } catch (error) {
        // The verification reports the problem.
        if (error instanceof AuditError) return undefined;
        throw error;
    }
}

function throwNotFound(file: string): never {
    const error = new Error(`ENOENT: no such file or directory, open '${file}'`);
    throw Object.assign(error, { code: "ENOENT", syscall: "open", path: file });
}
