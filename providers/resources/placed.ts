import { randomBytes } from "node:crypto";

import { AuditError, HostError, HostUnreachable } from "../../core/errors.js";
import type { RecordMark } from "../../core/audit/record.js";
import { refuseShorter, rememberSeen } from "../audit/lastSeen.js";
import { AuditLog, type AuditRef, type Operation } from "../audit/log.js";
import { factsOf, type Facts } from "../hosts/facts.js";
import { describeHost, isAbandoned, isSameMachine, type HostDescriptor } from "../hosts/descriptors.js";
import { RelayChanged, type Target } from "../hosts/host.js";
import { sealJournal } from "./journal.js";
import type { Context, Properties } from "./resource.js";

/** What every resource of a relay is told: which relay, where, and which log. May change without a diff. */
export interface Placed {
    relay: string;
    /** A managed peer's machine. Absent: the relay's own. */
    role?: "leaf";
    host: HostDescriptor;
    appName: string;
    interface: string;
    audit: AuditRef;
    /** A private SSH key, when the program gives one. A secret. */
    credentials?: string;
    /** The host key that Host saw, where none is pinned by the program. */
    hostKey?: string;
    /** Identity of the machine, from Host: another one has to be filled again. */
    machine?: string;
}

export function placed(inputs: Properties): Placed {
    return inputs as unknown as Placed;
}

export function targetOf(inputs: Properties, context: Context): Target {
    const { relay, host, appName, interface: device, credentials, hostKey } = placed(inputs);
    // A key that was seen at first use is as binding as one that was given.
    const pinned = host.kind === "ssh" && host.hostKey === undefined && hostKey !== undefined && hostKey !== "";
    return {
        host: pinned ? { ...host, hostKey } : host,
        names: { appName, interface: device },
        owner: `${context.project}/${context.stack}/${relay}`,
        ...(credentials === undefined ? {} : { credentials }),
    };
}

/** Where a relay was, when that is another place than where it is now: another machine, or other names on the same. */
export function formerPlace(
    before: { inputs: Properties } | undefined,
    inputs: Properties,
    context: Context,
): Target | undefined {
    if (before === undefined) return undefined;
    const [then, now] = [placed(before.inputs), placed(inputs)];
    const moved =
        !isSameMachine(then.host, now.host) || then.appName !== now.appName || then.interface !== now.interface;
    return moved ? targetOf(before.inputs, context) : undefined;
}

/** Random, so that nothing about a key or an address can be read from it; also the mark on the relay. */
export function mintId(): string {
    return randomBytes(8).toString("hex");
}

export interface Announcement {
    action: string;
    message: string;
    details: Record<string, unknown>;
}

/** That the log still holds what a resource wrote last: asked by every diff, so that a cut log fails the preview. */
export async function verifyRecord(audit: AuditRef, record: RecordMark | undefined, context: Context): Promise<void> {
    if (record === undefined) return;
    const log = await AuditLog.open(audit, { expectExisting: true });
    for (const warning of await log.verifyMark(record, { preview: true })) context.log("warning", warning);
}

/**
 * One operation under the log: the log still holds what this resource and the relay last wrote, a begin record is
 * on disk before the first effect, and what really happened follows it, success or failure.
 */
export async function underAudit<T>(
    audit: AuditRef,
    previous: RecordMark | undefined,
    announcement: Announcement,
    body: (operation: Operation, facts: Facts | undefined) => Promise<T>,
    relay?: Target,
): Promise<{ result: T; record: RecordMark }> {
    const log = await AuditLog.open(audit, { expectExisting: previous !== undefined });
    if (previous !== undefined) await log.verifyMark(previous);
    await refuseShorter(log, audit, audit.path);
    let facts: Facts | undefined;
    let unreachable: Error | undefined;
    if (relay !== undefined) {
        try {
            facts = await factsOf(relay);
        } catch (error) {
            unreachable = error as Error;
        }
    }
    await verifyFacts(log, facts, relay);
    const operation = await log.begin(announcement);
    const named = String(announcement.details.relay);
    try {
        if (unreachable !== undefined && !mayGoOn(unreachable, relay)) throw unreachable;
        if (facts?.rolledBack !== undefined) {
            const why = facts.cutOff === undefined ? "nobody confirmed" : `cut off ${facts.cutOff}`;
            const message = `A change that ${why} was rolled back on ${facts.rolledBack}`;
            await operation.record({ action: "rollback", message, details: { relay: announcement.details.relay } });
        }
        if (facts !== undefined && relay !== undefined) facts = await sealJournal(log, operation, named, relay, facts);
        let result: T;
        try {
            result = await body(operation, facts);
        } catch (error) {
            if (!(error instanceof RelayChanged) || relay === undefined) throw error;
            // What the relay did by itself is seen and planned on; a second change is not raced against.
            const seen = facts?.auditMark;
            facts = await factsOf(relay);
            await verifyFacts(log, facts, relay);
            if (facts.auditMark !== seen) throw new AppliedMeanwhile(relay, facts.auditMark);
            await operation.record({
                action: "relay_changed",
                message: error.problem,
                details: { relay: announcement.details.relay, generation: error.generation },
            });
            facts = await sealJournal(log, operation, named, relay, facts);
            result = await body(operation, facts);
        }
        return { result, record: operation.mark };
    } catch (error) {
        await operation.failure(error, { details: { relay: announcement.details.relay } });
        throw error;
    } finally {
        await rememberSeen(log, audit);
    }
}

/** Somebody applies another program, or another copy of the state, at the same time: whoever comes second stops. */
class AppliedMeanwhile extends HostError {
    constructor(relay: Target, mark: string | undefined) {
        const record = mark === undefined ? "" : `, under record ${mark.split(" ")[0]} of the log`;
        super(
            describeHost(relay.host),
            `another update changed the relay while this one was under way${record}; nothing was changed over it`,
            "wait until it is done, look at what it did (`pulumi preview --refresh`), then apply again",
        );
    }
}

/** Only a removal gets to use this: everything else needs the host and fails at its next step. */
function mayGoOn(error: Error, relay: Target | undefined): boolean {
    return error instanceof HostUnreachable && relay !== undefined && isAbandoned(relay.host);
}

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

/** That the log has the record under which the relay was last changed. Whose relay is another's is told that instead. */
async function verifyFacts(log: AuditLog, facts: Facts | undefined, relay: Target | undefined): Promise<void> {
    const text = facts?.auditMark;
    if (text === undefined || relay === undefined || facts?.owner !== relay.owner) return;
    const mark = parseMark(text, describeHost(relay.host));
    try {
        await log.verifyMark(mark);
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        throw new AuditError(
            error.subject,
            `${error.problem}; the relay was last changed under record ${mark.sequence} of its log`,
            error.fix,
            { cause: error },
        );
    }
}
