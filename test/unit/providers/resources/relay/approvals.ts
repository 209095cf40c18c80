/** Approvals of steps of a stack with two approvers, as files in a scratch project. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";

import type { Approvers } from "../../../../../core/approval/approvers.js";
import type { Applying } from "../../../../../core/approval/judge.js";
import type { Statement } from "../../../../../core/approval/statement.js";
import type { PlannedStep } from "../../../../../core/approval/step.js";
import { approvalName } from "../../../../../providers/audit/approvals.js";
import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import { ALICE, BOB, type TestApprover } from "../../../core/approval/approverKeys.js";
import { statementOf, STEP, textOf } from "../../../core/approval/statements.js";
import { REF } from "./lifecycle.js";

export const APPROVERS: Approvers = { signers: [ALICE.line, BOB.line], required: 2 };
export const AUDIT: AuditRef = { ...REF, approvers: APPROVERS };
export const SENTENCE = "hub: alice is allowed to reach nas on tcp/22";

export function applyingOf(step: PlannedStep = STEP, sentences: string[] = [SENTENCE]): Applying {
    return { step, sentences: () => sentences };
}

/** Signs a plan on the log as it is. */
export async function approve(
    by: readonly TestApprover[] = [ALICE, BOB],
    changes: Partial<Statement> = {},
    steps: PlannedStep[] = [STEP],
): Promise<{ digest: string; file: string }> {
    const { genesis = "", size = 0, head = "" } = (await (await AuditLog.open(REF)).status()) ?? {};
    const { text, digest } = textOf(
        statementOf({ logs: [{ path: REF.path, genesis, size, head }], ...changes }, steps),
    );
    const file = `approvals/${approvalName(digest)}`;
    mkdirSync("approvals", { recursive: true });
    writeFileSync(file, text);
    for (const each of by) writeFileSync(`${file}.${each.principal}.sig`, each.sign(text));
    return { digest, file };
}

export function forgetApprovals(): void {
    rmSync("approvals", { recursive: true, force: true });
}
