import { AuditError, HostError } from "../../../core/errors.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { parseMark } from "../../../core/protocol/mark.js";
import { isNamesake, isOwn } from "../../../core/relayIdentity.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import { type Facts, factsOf } from "../../hosts/facts.js";
import { describeHost } from "../../hosts/descriptors.js";
import { claimantOf, relayValues, type Target } from "../../hosts/host.js";
import type { Context } from "../resource.js";

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
 * That the log still has the record under which the relay was last changed, for writers that run before the relay is queried.
 * A relay that does not answer is asked again by the first step that needs it.
 *
 * @returns whether a relay is there
 * @throws AuditError when it has not, HostError when the relay belongs to another owner: nothing may be written then
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

/** Before anything is written, here or there. */
export function refuseForeign(facts: Facts, relay: Target): void {
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
                `${relayValues(relay).etc} belongs to another relay that is called ${relay.owner} too: its id is ${facts.relayId}, which is not in this log`,
                "use another appName or interface; if the state of this relay was lost, restore the log that was written with it",
                { cause: error },
            );
        }
        throw new AuditError(
            error.subject,
            `${error.problem}; the relay's last change is record ${mark.sequence} of its log`,
            error.fix,
            { cause: error },
        );
    }
}
