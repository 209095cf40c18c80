import { approvalOf } from "../audit/authority.js";
import { OBSERVE_ACTION } from "../audit/observed.js";
import type { Primitives } from "../audit/primitives.js";
import type { AuditLine } from "../audit/record.js";
import { sanitizeText } from "../audit/sanitize.js";
import type { ApprovedLog, Statement } from "./statement.js";
import { type ApprovedStep, describeStep, type PlannedStep, stepName, stepText } from "./step.js";

/** As much of a record as is judged. */
export type JudgedRecord = Pick<AuditLine, "action" | "status" | "details" | "correlation_id"> & {
    capsule: Pick<AuditLine["capsule"], "sequence">;
};

/** The action of the record of an approval, of one that says who approves, and the details' key for what it approves. */
export const APPROVAL_ACTION = "plan_approved";
export const APPROVERS_ACTION = "approvers_set";
export const STEP_DETAIL = "approved_step";

/** What is known of an update when one of its steps begins. */
export interface Applying {
    step: PlannedStep;
    /** What the step says that it does. */
    sentences: () => readonly string[];
}

/** Where an approval does not cover a step, why not. */
export function coverProblem(
    { steps, sentences: approved }: Pick<Statement, "steps" | "sentences">,
    { step, sentences }: Applying,
    { sha3 }: Pick<Primitives, "sha3">,
): string | undefined {
    const planned = stepIn(steps, step);
    if (planned === undefined) return `does not contain ${describeStep(step)}`;
    if (sha3(stepText(step, planned.hidden)) !== planned.digest)
        return `was given for another plan: the inputs or the state of ${describeStep(step)} differ`;
    // A value that was not known may have made the sentences more exact.
    const other = planned.open
        ? undefined
        : sentences()
              .map(sanitizeText)
              .find((each) => !approved.includes(each));
    return other === undefined ? undefined : `does not contain this: ${other}`;
}

export function stepIn(
    steps: readonly ApprovedStep[],
    { urn, operation }: Pick<ApprovedStep, "urn" | "operation">,
): ApprovedStep | undefined {
    return steps.find((each) => each.urn === urn && each.operation === operation);
}

/**
 * Where something happened since an approval's plan was made that is not this approval's own doing, what it is.
 *
 * @param since the records behind the log that was approved, oldest first
 */
export function movedProblem(digest: string, since: readonly JudgedRecord[]): string | undefined {
    const own = ownOperations(digest, since);
    const strange = since.find(({ action, correlation_id }) => !own.has(correlation_id) && !OF_THE_LOG.has(action));
    if (strange === undefined) return undefined;
    return `is stale: ${strange.action} was recorded since its plan was made (record ${strange.capsule.sequence})`;
}

/** Records that say nothing about a relay: the log's own, and those of approvals. */
const OF_THE_LOG: ReadonlySet<string> = new Set([
    ...["log_created", "log_segment", "log_recovered", "checkpoint_create", OBSERVE_ACTION],
    ...[APPROVAL_ACTION, APPROVERS_ACTION],
]);

/** Operations that were done under an approval. */
export function ownOperations(digest: string, since: readonly JudgedRecord[]): Set<string> {
    const own = since.filter(({ action, details }) => action.endsWith("_begin") && approvalOf(details) === digest);
    return new Set(own.map(({ correlation_id }) => correlation_id));
}

/** Where a step was done already under this approval, the record of that. One that failed, or was interrupted, may be tried again. */
export function usedProblem(
    digest: string,
    step: Pick<ApprovedStep, "urn" | "operation">,
    since: readonly JudgedRecord[],
): string | undefined {
    const begins = since.filter(
        ({ action, details }) =>
            action.endsWith("_begin") && approvalOf(details) === digest && details[STEP_DETAIL] === stepName(step),
    );
    for (const { correlation_id: id, capsule } of begins) {
        const last = since.findLast(({ correlation_id }) => correlation_id === id);
        if (last === undefined || last.action.endsWith("_begin") || last.status === "failure") continue;
        return `was used for ${describeStep(step)} before (record ${capsule.sequence})`;
    }
    return undefined;
}

/**
 * Where a relay is not the one whose change was approved, why not: it bears the record under which it was changed last.
 *
 * @param mark sequence of that record; undefined on a machine that has none
 */
export function relayProblem(
    { relays }: Pick<Statement, "relays">,
    log: Pick<ApprovedLog, "size">,
    relay: string,
    mark: number | undefined,
    own: (sequence: number) => boolean,
): string | undefined {
    const approved = relays.find((each) => each.relay === relay);
    if (mark === undefined) return undefined;
    if (approved !== undefined && mark < approved.generation)
        return `is for relay ${relay} as record ${approved.generation} left it, and it is as record ${mark} left it`;
    if (mark < log.size || own(mark)) return undefined;
    return `is stale: relay ${relay} was changed since its plan was made (record ${mark})`;
}
