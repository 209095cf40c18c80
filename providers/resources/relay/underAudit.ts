import { HostError, HostUnreachable } from "../../../core/errors.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { readMark } from "../../../core/protocol/mark.js";
import { refuseShorter, rememberSeen } from "../../audit/lastSeen.js";
import { AuditLog, type AuditRef, type Operation } from "../../audit/log.js";
import { type Facts, factsOf, placeOf } from "../../hosts/facts.js";
import { describeHost, isAbandoned } from "../../hosts/descriptors.js";
import { RelayChanged, type Target } from "../../hosts/host.js";
import { compareAllDue } from "../log/beforeRecord.js";
import { sealJournal } from "./journal.js";
import { inTurn } from "../turns.js";
import { beginApproved, type Undertaking } from "./approved.js";
import type { RelayMark } from "./findApproval.js";
import { refuseForeign, verifyFacts } from "./verify.js";

/** @param facts of the relay; undefined where none is asked, or none answers */
type Body<T> = (operation: Operation, facts: Facts | undefined) => Promise<T>;

/**
 * One operation under the log: the log still holds what this resource and the relay last wrote, a begin record is
 * on disk before the first effect, and what really happened follows it, success or failure. Where updates have to be approved, this is
 * where one that is not ends.
 */
export function underAudit<T>(
    audit: AuditRef,
    previous: RecordMark | undefined,
    undertaking: Undertaking,
    body: Body<T>,
    relay?: Target,
): Promise<{ result: T; record: RecordMark }> {
    const operate = async (): Promise<{ result: T; record: RecordMark }> => {
        const log = await AuditLog.open(audit, { expectExisting: previous !== undefined });
        if (previous !== undefined) await log.verifyMark(previous);
        await refuseShorter(log, audit, audit.path);
        const seen = relay === undefined ? undefined : await observe(log, relay);
        await compareAllDue(audit.path);
        const { relay: name } = undertaking.details;
        const operation = await beginApproved(log, audit, undertaking, markOf(name, seen));
        try {
            const result =
                relay === undefined || seen === undefined
                    ? await body(operation, undefined)
                    : await onRelay({ log, operation, name, relay }, seen, body);
            return { result, record: operation.mark };
        } catch (error) {
            await operation.failure(error, { details: { relay: name } });
            throw error;
        } finally {
            await rememberSeen(log);
        }
    };
    return relay === undefined ? operate() : inTurn(placeOf(relay), operate);
}

/** What a relay says of itself, or why it cannot be asked. */
type Observation = { facts: Facts } | { unreachable: Error };

/** The record that a relay bears, where it answers. */
function markOf(relay: unknown, seen: Observation | undefined): RelayMark | undefined {
    if (seen === undefined || "unreachable" in seen) return undefined;
    return { relay: String(relay), mark: readMark(seen.facts.auditMark)?.sequence };
}

/** Queries the relay, and refuses one of another owner or one whose last record is not in the log. */
async function observe(log: AuditLog, relay: Target): Promise<Observation> {
    let facts: Facts;
    try {
        facts = await factsOf(relay);
    } catch (error) {
        return { unreachable: error as Error };
    }
    refuseForeign(facts, relay);
    await verifyFacts(log, facts, relay);
    return { facts };
}

interface OnRelay {
    log: AuditLog;
    operation: Operation;
    /** As records call the relay. */
    name: unknown;
    relay: Target;
}

/** Runs the body on a relay; a second time, once, on one that did something by itself in the meantime. */
async function onRelay<T>(here: OnRelay, seen: Observation, body: Body<T>): Promise<T> {
    const { log, operation, name, relay } = here;
    if ("unreachable" in seen) {
        if (!mayGoOn(seen.unreachable, relay)) throw seen.unreachable;
        return body(operation, undefined);
    }
    await recordRollback(here, seen.facts);
    const facts = await sealJournal(log, operation, String(name), relay, seen.facts);
    try {
        return await body(operation, facts);
    } catch (error) {
        if (!(error instanceof RelayChanged)) throw error;
        return body(operation, await observeAgain(here, facts, error));
    }
}

/** What the relay did by itself is seen and planned on; a second change is not raced against. */
async function observeAgain(
    { log, operation, name, relay }: OnRelay,
    before: Facts,
    changed: RelayChanged,
): Promise<Facts> {
    const seen = await observe(log, relay);
    if ("unreachable" in seen) throw seen.unreachable;
    if (seen.facts.auditMark !== before.auditMark) throw new AppliedMeanwhile(relay, seen.facts.auditMark);
    await operation.record({
        action: "relay_changed",
        message: changed.problem,
        details: { relay: name, generation: changed.generation },
    });
    return sealJournal(log, operation, String(name), relay, seen.facts);
}

async function recordRollback({ operation, name }: OnRelay, facts: Facts): Promise<void> {
    if (facts.rolledBack === undefined) return;
    const why = facts.cutOff === undefined ? "was not confirmed" : `cut off ${facts.cutOff}`;
    const message = `A change that ${why} was rolled back on ${facts.rolledBack}`;
    await operation.record({ action: "rollback", message, details: { relay: name } });
}

/** Another program, or another copy of the state, is applied at the same time: the second update stops. */
class AppliedMeanwhile extends HostError {
    constructor(relay: Target, mark: string | undefined) {
        const { sequence } = readMark(mark) ?? {};
        const record = sequence === undefined ? "" : `, under record ${sequence} of the log`;
        super(
            describeHost(relay.host),
            `another update changed the relay while this one was under way${record}; nothing was overwritten`,
            "wait until it is done, review it (`pulumi preview --refresh`), then apply again",
        );
    }
}

/** Only a removal gets to use this: everything else needs the host and fails at its next step. */
function mayGoOn(error: Error, relay: Target): boolean {
    return error instanceof HostUnreachable && isAbandoned(relay.host);
}
