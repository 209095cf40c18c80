import { readFileSync } from "node:fs";

import { parseAllowedSigners } from "../../core/approval/allowedSigners.js";
import { describeApprovers } from "../../core/approval/approvers.js";
import { ApprovalHistory, type ApprovalVerdict } from "../../core/approval/history.js";
import { sshFingerprint } from "../../core/approval/sshSignature.js";
import { sanitizeText } from "../../core/audit/sanitize.js";
import { nativePrimitives } from "../../providers/audit/primitives.js";
import { sshCrypto } from "../../providers/audit/sshCrypto.js";
import type { Intact } from "./intact.js";

/**
 * Who approved what, from a verified log alone.
 *
 * @param trusted file in the allowed_signers form: keys of any other approver are problems
 */
export function approvalsIn(log: Intact, trusted?: string): ApprovalVerdict {
    const history = new ApprovalHistory(log.verdict.log, { primitives: nativePrimitives, crypto: sshCrypto });
    for (const { line } of log.records()) history.push(line);
    const verdict = history.finish();
    if (trusted === undefined) return verdict;
    const keys = new Set(
        parseAllowedSigners(readFileSync(trusted, "utf8"), trusted).map(({ signer }) =>
            sshFingerprint(signer.blob, sshCrypto),
        ),
    );
    const strange = verdict.approvals.flatMap(({ line, approvers }) =>
        approvers
            .filter(({ key }) => !keys.has(key))
            .map(({ principal, key }) => ({ line, problem: `${key} of ${principal} is not in ${trusted}` })),
    );
    return { ...verdict, problems: [...verdict.problems, ...strange] };
}

/** The same for a person. */
export function approvalLines({ approvals, emergencies, problems, approvers }: ApprovalVerdict): string[] {
    const operations = approvals.reduce((sum, each) => sum + each.operations, 0);
    const by = [...new Set(approvals.flatMap((each) => each.approvers.map(({ principal }) => principal)))].sort();
    const approved = `${operations} operations under ${approvals.length} approvals${by.length === 0 ? "" : ` by ${by.join(", ")}`}`;
    const now = approvers === undefined ? "" : `; updates need ${describeApprovers(approvers)}`;
    return [
        `  approved   ${approved}${now}`,
        ...emergencies.map(
            ({ line, action, user, reason }) =>
                `warning: line ${line}: ${action} by ${user} was an emergency, without an approval: ${sanitizeText(reason)}`,
        ),
        ...problems.map(({ line, problem }) => `problem: line ${line}: ${sanitizeText(problem)}`),
    ];
}
