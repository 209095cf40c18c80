import { detailsOfApprovers, sameApprovers } from "../../../core/approval/approvers.js";
import { APPROVAL_ACTION, type Applying, APPROVERS_ACTION, STEP_DETAIL } from "../../../core/approval/judge.js";
import { linesOfStatement } from "../../../core/approval/statement.js";
import { describeStep, stepName } from "../../../core/approval/step.js";
import { approvalReference, type Authority } from "../../../core/audit/authority.js";
import { NotApproved } from "../../../core/errors.js";
import { approverRules } from "../../audit/approverRules.js";
import type { AuditLog, AuditRef, Operation, RecordSpec } from "../../audit/log.js";
import { inTurn } from "../turns.js";
import type { Announcement } from "./announcement.js";
import { type Asked, findApproval, type FoundApproval, type RelayMark } from "./findApproval.js";

/** An operation as it is announced, and the step of the engine's plan that it is. */
export interface Undertaking extends Announcement {
    applying: Applying;
    /** It is what sets other approvers than there were: the last step of an update. */
    setsApprovers?: true;
}

/** Why an update goes on without an approval. Recorded in each of its operations. */
export const EMERGENCY = "QPTUNNEL_EMERGENCY";

/** Logs whose updates have to be approved: one that takes the approvers away is approved to its end. */
const guarded = new Set<string>();

/**
 * Begins an operation: where approvers are set, by the program or by the log, only with their approval of exactly this step.
 *
 * @param relay the machine's own mark, where it says one
 * @throws NotApproved before anything is recorded
 */
export async function beginApproved(
    log: AuditLog,
    audit: AuditRef,
    undertaking: Undertaking,
    relay?: RelayMark,
): Promise<Operation> {
    const { applying, setsApprovers, begin, ...spec } = undertaking;
    const opening = { ...spec, message: begin ?? spec.message };
    const rules = await approverRules(log);
    if (audit.approvers !== undefined || rules.at(-1)?.approvers !== undefined) guarded.add(log.path);
    if (!guarded.has(log.path)) return log.begin(opening);
    // Two at a time would record one approval twice.
    return inTurn(`approvals ${log.path}`, async () => {
        const asked = { log, audit, applying, rules: await approverRules(log), relay };
        const authority = await authorityFor(asked);
        await recordApprovers(asked, authority, setsApprovers === true);
        const details = { ...opening.details, [STEP_DETAIL]: stepName(applying.step) };
        return log.begin({ ...opening, details }, authority);
    });
}

async function authorityFor(asked: Asked): Promise<Authority> {
    const found = await findApproval(asked);
    if (typeof found === "string") return emergency(asked, found);
    await recordApproval(asked.log, found);
    return authorityOf(found);
}

function authorityOf({ approval, approvers }: FoundApproval): Authority {
    return {
        type: "human_approved",
        approver: approvers.map(({ principal }) => principal).join(", "),
        policy_reference: approvalReference(approval.digest),
        chain: approvers.map(({ principal, key }) => ({ principal, key })),
        escalation_reason: null,
    };
}

/** What was approved, word for word, and every signature: the log alone proves it. */
async function recordApproval(log: AuditLog, found: FoundApproval): Promise<void> {
    const { approval, approvers, since } = found;
    const authority = authorityOf(found);
    const isRecorded = ({ action, details }: FoundApproval["since"][number]): boolean =>
        action === APPROVAL_ACTION &&
        (details["authority"] as Partial<Authority> | undefined)?.policy_reference === authority.policy_reference;
    if (since.some(isRecorded)) return;
    const record: RecordSpec = {
        action: APPROVAL_ACTION,
        message: `Plan ${approval.digest.slice(0, 16)} was approved by ${authority.approver ?? ""}`,
        details: { authority, statement: linesOfStatement(approval.text), signatures: approvers },
    };
    await log.append(record);
}

/** Without an approval an update goes on only where its operator says why, and the approvers do not refuse that. */
function emergency({ applying, audit, rules }: Asked, refusal: string): Authority {
    const reason = process.env[EMERGENCY]?.trim() ?? "";
    const { emergency: allowed = "record" } = rules.at(-1)?.approvers ?? audit.approvers ?? {};
    if (reason === "" || allowed === "refuse") throw notApproved(applying, refusal, allowed);
    return { type: "escalated", approver: null, policy_reference: null, chain: [], escalation_reason: reason };
}

function notApproved({ step }: Applying, refusal: string, allowed: "record" | "refuse"): NotApproved {
    const approve = "preview again with --json, have that plan approved with `qp-tunnel approve`, and apply it";
    return new NotApproved(
        describeStep(step),
        `is not approved: ${refusal}`,
        allowed === "refuse"
            ? approve
            : `${approve}; in an emergency set ${EMERGENCY} to the reason, which is recorded`,
    );
}

/** The first approvers are set before the first operation, others by the last step of an update. */
async function recordApprovers(
    { log, audit, rules, applying }: Asked,
    authority: Authority,
    isLast: boolean,
): Promise<void> {
    const current = rules.at(-1)?.approvers;
    const isFirst = current === undefined && audit.approvers !== undefined;
    if (sameApprovers(current, audit.approvers) || !(isFirst || isLast)) return;
    if (current !== undefined && authority.type === "escalated")
        throw notApproved(applying, "an emergency does not change who approves", "refuse");
    const details = { ...detailsOfApprovers(audit.approvers), authority };
    const message =
        audit.approvers === undefined
            ? "Updates need no approval from here on"
            : `Updates need ${audit.approvers.required} of ${audit.approvers.signers.length} approvers from here on`;
    await log.append({ action: APPROVERS_ACTION, message, details });
}
