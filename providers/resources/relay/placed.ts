import { randomBytes } from "node:crypto";

import { AuditError, HostError, HostUnreachable } from "../../../core/errors.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { leafName } from "../../../core/wireguard/leaf.js";
import type { RelayNames } from "../../../core/registry/model.js";
import { parseMark, readMark } from "../../../core/protocol/mark.js";
import { ownerOf } from "../../../core/protocol/owner.js";
import { isNamesake, isOwn } from "../../../core/relayIdentity.js";
import { refuseShorter, rememberSeen } from "../../audit/lastSeen.js";
import { AuditLog, type AuditRef, type Operation } from "../../audit/log.js";
import { factsOf, placeOf, type Facts } from "../../hosts/facts.js";
import { describeHost, isAbandoned, isSameMachine, pinned, type HostDescriptor } from "../../hosts/descriptors.js";
import { claimantOf, RelayChanged, relayValues, type Target } from "../../hosts/host.js";
import { compareAllDue } from "../log/beforeRecord.js";
import { keptNames } from "../keys/kept.js";
import { sealJournal } from "./journal.js";
import type { Context, Properties, Unknown } from "../resource.js";
import { inTurn } from "../turns.js";

/** What every resource of a relay is told: which relay, where, and which log. May change without a diff. */
export interface Placed {
    relay: string;
    /** Its own id. Absent in states of 0.1.0; not known in a preview that makes it. */
    relayId?: string | Unknown;
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

/**
 * The relay that inputs are about, and what shows it to be this one on its machine.
 *
 * @param claim the resource that acts, and what its state has of the relay: it may have been called otherwise
 */
export function targetOf(
    inputs: Properties,
    context: Context,
    claim: { id?: string | undefined; before?: { inputs: Properties } | undefined } = {},
): Target {
    const { relay, relayId, host, appName, interface: device, credentials, hostKey } = placed(inputs);
    const then = { ...placed(claim.before?.inputs ?? inputs), ...(claim.before === undefined ? formerId(inputs) : {}) };
    return {
        host: pinned(host, hostKey),
        names: { appName, interface: device },
        owner: ownerOf(context, relay),
        ...(typeof relayId === "string" ? { relayId } : {}),
        claim: {
            ...(claim.id === undefined ? {} : { resource: claim.id }),
            owner: labelOf(then),
            ...(typeof then.relayId === "string" ? { relayId: then.relayId } : {}),
        },
        ...(credentials === undefined ? {} : { credentials }),
    };
}

/** The id of a managed peer that is replaced and renamed at once: it ends with the peer's name. */
function formerId(inputs: Properties): Pick<Placed, "relayId"> {
    const { relayId } = placed(inputs);
    const peer = keptNames(inputs)?.peer;
    if (peer === undefined || typeof relayId !== "string") return {};
    return { relayId: leafName(relayId.split("/")[0] ?? "", peer) };
}

/** project/stack/relay, as the program that gave these inputs had it. */
export function labelOf({ audit, relay }: Pick<Placed, "audit" | "relay">): string {
    return ownerOf(audit, relay);
}

/** Whether a relay has the same names on its machine: what everything of it is called there. */
export function hasSameNames(then: RelayNames, now: RelayNames): boolean {
    return then.appName === now.appName && then.interface === now.interface;
}

/** Where a relay was, when that is another place than where it is now: another machine, or other names on the same. */
export function formerPlace(
    before: { inputs: Properties } | undefined,
    inputs: Properties,
    context: Context,
): Target | undefined {
    if (before === undefined) return undefined;
    const [then, now] = [placed(before.inputs), placed(inputs)];
    const moved = !isSameMachine(then.host, now.host) || !hasSameNames(then, now);
    return moved ? targetOf(before.inputs, context) : undefined;
}

/** Random, so that nothing about a key or an address can be read from it; also the mark on the relay. */
export function mintId(): string {
    return randomBytes(8).toString("hex");
}

export interface Announcement {
    action: string;
    /** What was done. */
    message: string;
    /** What is about to be done, for the record before it. Default: the message, where that says it. */
    begin?: string;
    details: Record<string, unknown>;
}

/**
 * That the log still holds what a resource wrote last: asked by every diff, so that a cut log fails the preview.
 *
 * @returns whether it is behind the state, and the program lets previews pass with that
 */
export async function verifyRecord(
    audit: AuditRef,
    record: RecordMark | undefined,
    context: Context,
): Promise<{ behind: boolean }> {
    if (record === undefined) return { behind: false };
    const log = await AuditLog.open(audit, { expectExisting: true });
    let isBehind = false;
    const behind = (warning: string): void => {
        isBehind = true;
        warnBehind(audit, warning, context);
    };
    for (const warning of await log.verifyMark(record, { behind })) context.log("warning", warning);
    return { behind: isBehind };
}

/** Each resource misses another line: once is enough. */
export function warnBehind({ path }: AuditRef, warning: string, context: Context): void {
    context.log("warning", warning, `${path} is behind`);
}

/**
 * That the log still has the record under which the relay was last changed, for whoever writes before anything asks the relay.
 * A relay that does not answer is asked again by the first step that needs it.
 *
 * @returns whether a relay is there
 * @throws AuditError when it has not, HostError when the relay is somebody else's: nothing may be written then
 */
export async function verifyRelay(audit: AuditRef, relay: Target): Promise<boolean> {
    let facts: Facts;
    try {
        facts = await factsOf(relay);
    } catch (error) {
        if (error instanceof HostError) return false;
        throw error;
    }
    refuseForeign(facts, relay);
    await verifyFacts(await AuditLog.open(audit, {}), facts, relay);
    return facts.owner !== undefined;
}

/**
 * One operation under the log: the log still holds what this resource and the relay last wrote, a begin record is
 * on disk before the first effect, and what really happened follows it, success or failure.
 */
export function underAudit<T>(
    audit: AuditRef,
    previous: RecordMark | undefined,
    announcement: Announcement,
    body: (operation: Operation, facts: Facts | undefined) => Promise<T>,
    relay?: Target,
): Promise<{ result: T; record: RecordMark }> {
    const operate = (): Promise<{ result: T; record: RecordMark }> =>
        operated(audit, previous, announcement, body, relay);
    return relay === undefined ? operate() : inTurn(placeOf(relay), operate);
}

async function operated<T>(
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
    if (facts !== undefined && relay !== undefined) {
        refuseForeign(facts, relay);
        await verifyFacts(log, facts, relay);
    }
    await compareAllDue(audit.path);
    const operation = await log.begin({ ...announcement, message: announcement.begin ?? announcement.message });
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
            refuseForeign(facts, relay);
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
        await rememberSeen(log);
    }
}

/** Somebody applies another program, or another copy of the state, at the same time: whoever comes second stops. */
class AppliedMeanwhile extends HostError {
    constructor(relay: Target, mark: string | undefined) {
        const { sequence } = readMark(mark) ?? {};
        const record = sequence === undefined ? "" : `, under record ${sequence} of the log`;
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

/** Before anything is written, here or there. */
function refuseForeign(facts: Facts, relay: Target): void {
    if (isOwn({ ...facts, label: facts.owner }, claimantOf(relay))) return;
    // project/stack/relay, and a managed peer's name behind that.
    const [what, type] = relay.owner.split("/").length > 3 ? ["peer", "Peer"] : ["relay", "Relay"];
    throw new HostError(
        describeHost(relay.host),
        `${relayValues(relay).etc} belongs to ${facts.owner}, this is ${relay.owner}`,
        `use another appName or interface; if it is this ${what} under its former name, give the ${type} that name in \`aliases\``,
    );
}

/** That the log has the record under which the relay was last changed. */
export async function verifyFacts(log: AuditLog, facts: Facts, relay: Target): Promise<void> {
    const text = facts.auditMark;
    if (text === undefined) return;
    const mark = parseMark(text, describeHost(relay.host));
    try {
        await log.verifyMark(mark);
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        if (isNamesake({ ...facts, label: facts.owner }, claimantOf(relay))) {
            throw new HostError(
                describeHost(relay.host),
                `${relayValues(relay).etc} belongs to another relay that is called ${relay.owner} too: its id is ${facts.relayId}, and this log knows nothing of it`,
                "use another appName or interface; if the state of this relay was lost, bring back the log that was written with it",
                { cause: error },
            );
        }
        throw new AuditError(
            error.subject,
            `${error.problem}; the relay was last changed under record ${mark.sequence} of its log`,
            error.fix,
            { cause: error },
        );
    }
}
