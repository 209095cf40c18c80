import type { PlacedInputs } from "./placed.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { FormerNames } from "../../../core/audit/renames.js";
import type { Drift } from "../../../core/drift.js";
import { AuditError } from "../../../core/errors.js";
import { readMark } from "../../../core/protocol/mark.js";
import { REPAIR } from "../../../core/repair.js";
import { AuditLog } from "../../audit/log.js";
import type { Answers, Observing } from "../../../core/protocol/steps.js";
import { currentFacts, type Facts } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";
import type { Properties } from "../resource.js";

/*
 * A machine that was restored from an older copy (a snapshot, a backup) admits peers that were removed since. It has the mark
 * of the record under which it was last changed, and the log has a later change of it.
 */

/** What the log has of a relay, and how far its machine is. */
export interface Restored {
    /** Sequence of the record that the machine bears. */
    mark: number;
    /** Sequence of the begin of the newest change. */
    last: number;
}

export function restoredSentence({ mark, last }: Restored): string {
    return `the machine was restored from an older copy: its last change is record ${mark} of the log, which has a later one (record ${last}): peers that were removed since may be connected again; ${REPAIR} restores what the program says`;
}

/**
 * Whether a machine is older than the log's newest change of its relay.
 *
 * @param auditMark as the machine has it written down; undefined on a machine that is not set up
 */
export async function restoredSince(
    inputs: PlacedInputs,
    auditMark: string | undefined,
): Promise<Restored | undefined> {
    const mark = readMark(auditMark);
    if (mark === undefined) return undefined;
    const { audit, relay } = inputs;
    try {
        const log = await AuditLog.open(audit, {});
        if (mark.genesis !== undefined && mark.genesis !== (await log.status())?.genesis) return undefined;
        const last = await newestApply(log, relay, mark.sequence);
        return last === undefined ? undefined : { mark: mark.sequence, last };
    } catch (error) {
        // A log that is not whole is named by who verifies it.
        if (error instanceof AuditError) return undefined;
        throw error;
    }
}

/** The same of a relay that is about to be changed: what this process knows of the machine may be old by itself. */
export async function restoredNow(
    inputs: PlacedInputs,
    facts: Facts | undefined,
    target: Target,
): Promise<Restored | undefined> {
    const restored = await restoredSince(inputs, facts?.auditMark);
    if (restored === undefined) return undefined;
    const { auditMark } = await currentFacts(target);
    return auditMark === facts?.auditMark ? restored : undefined;
}

export function restoredFrom(restored: Restored | undefined): Drift[] {
    return restored === undefined ? [] : [{ kind: "restored", sentence: restoredSentence(restored) }];
}

/** What the state alone can tell, which knows the mark that the last change of each resource left. */
export function restoredDrift({ applied, record }: Properties, answer: Answers<Observing>): Drift[] {
    const mark = readMark(answer.auditmark);
    const genesis = (record as Partial<RecordMark> | undefined)?.genesis;
    if (mark === undefined || typeof applied !== "number" || mark.genesis !== genesis) return [];
    return restoredFrom(applied > mark.sequence ? { mark: mark.sequence, last: applied } : undefined);
}

/** Sequence of the begin of the newest change that came to its end, when that is behind `since`. */
async function newestApply(log: AuditLog, relay: string, since: number): Promise<number | undefined> {
    const names = new FormerNames(relay);
    const done = new Set<string>();
    for await (const line of log.entries("newest")) {
        if (line.capsule.sequence <= since) return undefined;
        if (!names.isOfIt(line)) continue;
        const { action, status, correlation_id: operation } = line;
        if (status === "success" && APPLIES.has(action)) done.add(`${operation} ${action}_begin`);
        if (done.has(`${operation} ${action}`)) return line.capsule.sequence;
    }
    return undefined;
}

/** The last record of each change of a machine. */
const APPLIES: ReadonlySet<string> = new Set([
    ...["setup_relay", "firewall_apply", "peers_apply", "interface_apply", "services_apply", "grants_apply"],
]);
