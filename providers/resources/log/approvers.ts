import { type Approvers, describeApprovers, sameApprovers } from "../../../core/approval/approvers.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import { isAuthority } from "../../../core/audit/authority.js";
import { approverRules } from "../../audit/approverRules.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import { sayBase } from "../planned.js";
import { readLogged } from "../relay/placed.js";
import { underAudit } from "../relay/underAudit.js";
import type { ChangeKind, Context, Properties } from "../resource.js";
import { count } from "../sentences.js";

/*
 * Who approves updates, as the last resource of an update sets it in the log: what comes before it is still approved by those who did
 * until then.
 */

/** That a program names other approvers is a change, even where nothing else is. */
export function approverChanges(oldInputs: Properties, news: Properties): Record<string, ChangeKind> {
    return sameApprovers(approversOf(oldInputs), approversOf(news)) ? {} : { audit: "update" };
}

/** Says in a preview who will approve, where that changes. */
export async function sayApprovers(
    oldInputs: Properties | undefined,
    news: Properties,
    context: Context,
): Promise<void> {
    await sayBase(readLogged(news).audit, context);
    for (const sentence of sentences(oldInputs, news)) context.log("info", sentence);
}

/** Records who approves from now on, where the log says otherwise. */
export async function setApprovers(
    oldInputs: Properties | undefined,
    news: Properties,
    step: PlannedStep,
): Promise<void> {
    const { audit, relay } = readLogged(news);
    const rules = await approverRules(await AuditLog.open(audit, {}));
    if (sameApprovers(rules.at(-1)?.approvers, audit.approvers)) return;
    const message = wordsFor(audit.approvers);
    const undertaking = {
        action: "approvers_apply",
        message,
        details: { relay },
        applying: { step, sentences: () => sentences(oldInputs, news) },
        setsApprovers: true as const,
    };
    await underAudit(audit, undefined, undertaking, (operation) => operation.success({ message, details: { relay } }));
}

/**
 * Says at the end of an update that it went on without an approval, and why.
 *
 * @param from length of the log before it, in bytes
 */
export async function warnOfEmergency(audit: AuditRef, from: number, context: Context): Promise<void> {
    if (audit.approvers === undefined) return;
    const log = await AuditLog.open(audit, {});
    const operations = log.marked('"type":"escalated"', from).filter(({ action }) => action.endsWith("_begin"));
    const reasons = operations.flatMap(({ details: { authority } }) =>
        isAuthority(authority) ? [authority.escalation_reason ?? ""] : [],
    );
    if (reasons.length === 0) return;
    const done = count(reasons.length, "operation");
    context.log(
        "warning",
        `${done} of this update had no approval, as an emergency: ${[...new Set(reasons)].join("; ")}`,
    );
}

function sentences(oldInputs: Properties | undefined, news: Properties): string[] {
    const [before, after] = [oldInputs === undefined ? undefined : approversOf(oldInputs), approversOf(news)];
    return sameApprovers(before, after) ? [] : [wordsFor(after)];
}

function wordsFor(approvers: Approvers | undefined): string {
    return approvers === undefined
        ? "updates no longer need an approval"
        : `updates need the approval of ${describeApprovers(approvers)}`;
}

function approversOf(inputs: Properties): Approvers | undefined {
    return readLogged(inputs).audit.approvers;
}
