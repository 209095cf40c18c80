import { readMark } from "../../../core/protocol/mark.js";
import { journalSentence, parseJournalLine } from "../../../core/protocol/journal.js";
import type { AuditLog, Operation } from "../../audit/log.js";
import { type Facts, journalSealed } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import { same } from "../changes.js";

interface Sealable {
    action: string;
    message: string;
    details: Record<string, unknown>;
}

/**
 * What the relay did by itself becomes a record a line, before anything else is done to it; the change that follows
 * drops the lines there. A line that an earlier operation sealed and could not drop is not written twice.
 */
export async function sealJournal(
    log: AuditLog,
    operation: Operation,
    relay: string,
    target: Target,
    facts: Facts,
): Promise<Facts> {
    if (facts.journal.length === 0) return facts;
    const records = facts.journal.map((line) => recordOf(line, relay));
    const known = await recordsSince(log, facts.auditMark, new Set(records.map(({ action }) => action)));
    for (const record of records) {
        if (!known.some((other) => other.action === record.action && same(other.details, record.details)))
            await operation.record({ status: "success", ...record });
    }
    return journalSealed(target, facts);
}

/** A relay says what it did in the names it has for that; whatever else stands there is told, not believed. */
function recordOf(line: string, relay: string): Sealable {
    const event = parseJournalLine(line);
    const message = event === undefined ? undefined : journalSentence(event);
    if (event === undefined || message === undefined) {
        const message = `The journal of relay ${relay} has a line that this library does not write`;
        return { action: "journal_unknown", message, details: { relay, line } };
    }
    const { action, fields, happenedAt } = event;
    return { action, message, details: { ...fields, relay, happened_at: happenedAt } };
}

/** The update that sealed the remaining lines has not changed the relay since, so its records follow the mark. */
async function recordsSince(
    log: AuditLog,
    mark: string | undefined,
    actions: ReadonlySet<string>,
): Promise<Pick<Sealable, "action" | "details">[]> {
    const since = readMark(mark)?.sequence ?? -1;
    const found: Pick<Sealable, "action" | "details">[] = [];
    for await (const { action, details, capsule } of log.entries("newest")) {
        if (capsule.sequence <= since) break;
        if (actions.has(action)) found.push({ action, details });
    }
    return found;
}
