import type { RecordMark } from "../audit/record.js";
import { AuditError } from "../errors.js";

/**
 * The audit record under which a relay was last changed, in `/etc/<name>/audit-mark`: its sequence, its hash, where it begins in the
 * log, and the hash of the log's first record.
 *
 *     41 9f86d0…0a08 20480 2c26b4…e7ae
 */
export function formatMark(mark: RecordMark): string {
    return `${mark.sequence} ${mark.hash} ${mark.offset}${mark.genesis === undefined ? "" : ` ${mark.genesis}`}`;
}

/** undefined for a text that names no record. */
export function readMark(text: string | undefined): RecordMark | undefined {
    const [, sequence, hash, offset, genesis] = MARK.exec(text?.trim() ?? "") ?? [];
    if (sequence === undefined || hash === undefined) return undefined;
    return { sequence: Number(sequence), hash, offset: Number(offset), ...(genesis === undefined ? {} : { genesis }) };
}

/**
 * @param where the machine, for the message
 * @throws AuditError when the text names no record: nothing says then what the log has to hold
 */
export function parseMark(text: string, where: string): RecordMark {
    const mark = readMark(text);
    if (mark !== undefined) return mark;
    throw new AuditError(
        `audit-mark on ${where}`,
        text === "" ? "it is empty" : "it does not name a record",
        "the file was damaged or changed there: look with `qp-tunnel audit verify` and `pulumi preview --refresh` whether log and relay are whole, remove the file from the relay's folder in /etc, then apply again",
    );
}

const MARK = /^(\d+) ([0-9a-f]{64}) (\d+)(?: ([0-9a-f]{64}))?$/;
