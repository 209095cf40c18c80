/**
 * The ledger in the log. A record has the whole ledger, or what changed in it since the record before: a whole one follows as soon as
 * the changes would take as much room, so that reading it back stays within twice its size.
 */
import { canonicalJson } from "../../../core/audit/canonical.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { FormerNames } from "../../../core/audit/renames.js";
import { AuditError } from "../../../core/errors.js";
import { changeOf, type LedgerChange, withChange } from "../../../core/registry/ledgerChange.js";
import type { Ledger } from "../../../core/registry/model.js";
import type { AuditLog } from "../../audit/log.js";
import type { WholeRecord } from "../../audit/reader.js";
import { conforms, fields, number, type Shape } from "../shape.js";
import { readChange, readLedger } from "./inputs.js";

/** Action of the records that have a ledger, or a change of it. */
export const LEDGER_ACTION = "registry_update";

/** Where a change stands: behind which record, and how many bytes of changes there are since the last whole ledger. */
interface Since {
    record: number;
    bytes: number;
}

/**
 * Details of a record of the registry.
 *
 * @param before the ledger of the last record as the state has it, with that record's mark; undefined for a new registry
 */
export async function ledgerDetails(
    log: AuditLog,
    relay: string,
    ledger: Ledger,
    before: { ledger: Ledger; record: RecordMark } | undefined,
): Promise<{ relay: string } & ({ ledger: Ledger } | { change: LedgerChange; since: Since })> {
    const newest = before === undefined ? undefined : await newestRecord(log, relay);
    // An update that was killed may have left a record that the state does not know: then a change is not enough.
    if (before === undefined || newest?.sequence !== before.record.sequence) return { relay, ledger };
    const change = changeOf(before.ledger, ledger);
    const bytes = sizeOf(change) + (sinceIn(newest.details)?.bytes ?? 0);
    if (bytes >= sizeOf(ledger)) return { relay, ledger };
    return { relay, change, since: { record: newest.sequence, bytes } };
}

/**
 * The ledger as the log's newest record of it leaves it; undefined when it has none.
 *
 * @throws AuditError when a record builds on one that is not there
 */
export async function recordedLedger(log: AuditLog, relay: string): Promise<Ledger | undefined> {
    const changes: LedgerChange[] = [];
    let due: Since | undefined;
    for await (const { sequence, details } of ledgerRecords(log, relay)) {
        if (due !== undefined && sequence !== due.record) break;
        if (details.ledger !== undefined) return changes.reduceRight(withChange, readLedger(details.ledger));
        due = sinceIn(details);
        if (due === undefined) continue;
        changes.push(readChange(details.change));
    }
    if (due === undefined) return undefined;
    throw new AuditError(
        `the registry of relay ${relay}`,
        `the log has a change of it after record ${due.record}, but not that record`,
        "restore the log from version control or its mirror",
    );
}

/** The sequence of the newest record of a relay's registry. */
export async function newestLedgerRecord(log: AuditLog, relay: string): Promise<number | undefined> {
    return (await newestRecord(log, relay))?.sequence;
}

/** Every key that the program itself ever gave a peer: generated ones, and those of other resources, are in no ledger. */
export async function givenKeys(log: AuditLog, relay: string): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const { details } of ledgerRecords(log, relay)) {
        const peers =
            details.ledger === undefined ? readChange(details.change).peers : readLedger(details.ledger).peers;
        for (const peer of Object.values(peers ?? {})) if (peer?.publicKey !== undefined) keys.add(peer.publicKey);
    }
    return keys;
}

async function newestRecord(log: AuditLog, relay: string): Promise<WholeRecord | undefined> {
    for await (const record of ledgerRecords(log, relay)) return record;
    return undefined;
}

/** Newest first; records of failures and of begun operations are not among them. */
async function* ledgerRecords(log: AuditLog, relay: string): AsyncGenerator<WholeRecord> {
    const names = new FormerNames(relay);
    yield* log.details((record) => names.isOfIt(record) && record.action === LEDGER_ACTION);
}

const sinceShape: Shape<Since> = fields<Since>({ record: number, bytes: number });

function sinceIn({ change, since }: Record<string, unknown>): Since | undefined {
    return change !== undefined && conforms(sinceShape, since) ? since : undefined;
}

function sizeOf(value: unknown): number {
    return Buffer.byteLength(canonicalJson(value));
}
