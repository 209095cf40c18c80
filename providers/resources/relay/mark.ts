import type { RecordMark } from "../../../core/audit/record.js";
import { AuditError } from "../../../core/errors.js";

/** How a record is written down on the relay, and read back. */
export function formatMark(mark: RecordMark): string {
    return `${mark.sequence} ${mark.hash} ${mark.offset}${mark.genesis === undefined ? "" : ` ${mark.genesis}`}`;
}

/**
 * A record as the relay has it written down.
 *
 * @param where the machine, for the message
 * @throws AuditError when it is none, so that nothing says what the log has to hold
 */
export function parseMark(text: string, where: string): RecordMark {
    const [, sequence, hash, offset, genesis] = MARK.exec(text) ?? [];
    if (sequence === undefined || hash === undefined) {
        throw new AuditError(
            `audit-mark on ${where}`,
            text === "" ? "it is empty" : "it does not name a record",
            "the file was damaged or changed there: look with `qp-tunnel audit verify` and `pulumi preview --refresh` whether log and relay are whole, remove the file from the relay's folder in /etc, then apply again",
        );
    }
    return { sequence: Number(sequence), hash, offset: Number(offset), ...(genesis === undefined ? {} : { genesis }) };
}

const MARK = /^(\d+) ([0-9a-f]{64}) (\d+)(?: ([0-9a-f]{64}))?$/;
