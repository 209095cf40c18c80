import { renderBase } from "../../core/approval/baseSentence.js";
import type { PlannedStep } from "../../core/approval/step.js";
import { AuditLog, type AuditRef } from "../audit/log.js";
import type { Context, Properties } from "./resource.js";

/*
 * What a resource is about to do as a step of the engine's plan: an approval is of such steps. Inputs are as the engine gives them to the
 * resource, so that a preview's JSON comes to the same.
 */

export function createStep({ urn }: Context, inputs: Properties): PlannedStep {
    return { urn, operation: "create", inputs };
}

export function updateStep({ urn }: Context, inputs: Properties, outputs: Properties): PlannedStep {
    return { urn, operation: "update", inputs, outputs };
}

export function deleteStep({ urn }: Context, outputs: Properties): PlannedStep {
    return { urn, operation: "delete", outputs };
}

/** In a preview where approvers are set: the log for which an approval of this plan would be. */
export async function sayBase(audit: AuditRef, context: Context): Promise<void> {
    if (audit.approvers === undefined) return;
    const status = await (await AuditLog.open(audit, {})).status();
    const { genesis = "", size = 0, head = "" } = status ?? {};
    context.log("info", renderBase({ path: audit.path, genesis, size, head }));
}
