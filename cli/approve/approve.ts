import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { type Approvers, approversOf, NAMESPACE } from "../../core/approval/approvers.js";
import { describeHidden } from "../../core/approval/hidden.js";
import { type PlanToApprove, planToApprove } from "../../core/approval/plan.js";
import { parseSshSignature } from "../../core/approval/sshSignature.js";
import { type ApprovedLog, renderStatement } from "../../core/approval/statement.js";
import { describeStep } from "../../core/approval/step.js";
import { sanitizeText } from "../../core/audit/sanitize.js";
import { approvalName, approvalsFolder, readApprovals } from "../../providers/audit/approvals.js";
import { nativePrimitives } from "../../providers/audit/primitives.js";
import { sshCrypto } from "../../providers/audit/sshCrypto.js";
import { readGivenFile } from "../givenFile.js";
import { Exit, type Output, printJson } from "../output.js";
import { logNow } from "./logNow.js";
import { signWithSsh } from "./sign.js";

export interface ApproveOptions {
    key?: string;
    folder?: string;
    log?: string;
    acceptUnknown?: boolean;
    check?: boolean;
    json?: boolean;
}

/** What is known of a plan and its approvals. */
interface Approving {
    plan: PlanToApprove;
    text: string;
    digest: string;
    folder: string;
    options: ApproveOptions;
    output: Output;
}

/** `qp-tunnel approve`: signs what a preview says, and nothing else. */
export async function approve(path: string, options: ApproveOptions, output: Output): Promise<number> {
    const log: ApprovedLog | undefined = options.log === undefined ? undefined : logNow(options.log);
    const plan = planToApprove(textOf(path), path === "-" ? "standard input" : path, nativePrimitives, log);
    const text = renderStatement(plan.statement);
    const digest = nativePrimitives.sha3(text);
    const folder = approvalsFolder(plan.statement.project, options.folder ?? plan.approvers?.folder);
    const approving = { plan, text, digest, folder, options, output };
    if (options.check === true) return report(approving);
    if (plan.unseen.length > 0 && options.acceptUnknown !== true) return refuseUnknown(approving);
    write(approving);
    return report(approving);
}

function textOf(path: string): string {
    if (path === "-") return readFileSync(0, "utf8");
    return readGivenFile(path, "write it with pulumi preview --json > plan.json");
}

function refuseUnknown({ plan, output }: Approving): number {
    for (const value of plan.unseen)
        output.stderr.write(`${sanitizeText(describeHidden(value))} is not shown by the preview\n`);
    output.stderr.write(
        "nothing was signed: an approval would be for any such value; --accept-unknown approves them\n",
    );
    return Exit.problem;
}

/** A signature that is there is not made again: a second one with the same key would count no more. */
function write({ text, digest, folder, options }: Approving): void {
    const statement = join(folder, approvalName(digest));
    const armoured = options.key === undefined ? undefined : signWithSsh(text, options.key);
    mkdirSync(folder, { recursive: true });
    if (!existsSync(statement)) writeFileSync(statement, text);
    if (armoured === undefined) return;
    const { blob } = parseSshSignature(armoured);
    const key = Buffer.from(sshCrypto.hash("sha256", blob)).toString("hex").slice(0, 16);
    writeFileSync(`${statement}.${key}.sig`, armoured);
}

/** What was approved, and by whom so far. */
function report(approving: Approving): number {
    const { plan, digest, folder, options, output, text } = approving;
    const signatures = readApprovals(folder).find((each) => each.digest === digest)?.signatures ?? [];
    const { approvers: required } = plan;
    const rules = required ?? { signers: [] };
    const { approvers, faults } = approversOf(text, signatures, rules, Date.now(), sshCrypto);
    const isEnough = required !== undefined && approvers.length >= required.required;
    const principals = approvers.map(({ principal }) => principal);
    if (options.json === true) {
        const { statement } = plan;
        printJson(output, { digest, file: fileOf(approving), statement, approvers, faults, enough: isEnough });
    } else output.stdout.write(words(approving, principals, faults, required));
    return options.check === true && !isEnough ? Exit.problem : Exit.fine;
}

function fileOf({ folder, digest }: Approving): string {
    return relative(process.cwd(), join(folder, approvalName(digest)));
}

function words(
    approving: Approving,
    principals: readonly string[],
    faults: readonly string[],
    required: Approvers | undefined,
): string {
    const { plan, digest, options } = approving;
    const { statement } = plan;
    const file = fileOf(approving);
    const logs = statement.logs.map(({ path, size, head }) =>
        size === 0
            ? `  log       ${path}, not begun yet`
            : `  log       ${path}: ${size} records, head ${head.slice(0, 16)}`,
    );
    const count =
        required === undefined ? "the plan names no approvers" : `${principals.length} of ${required.required}`;
    const lines = [
        `plan ${digest.slice(0, 16)} of ${statement.project}/${statement.stack}: ${statement.steps.length} steps`,
        ...statement.sentences.map((sentence) => `  ${sentence}`),
        ...statement.steps.filter(({ operation }) => operation === "delete").map((step) => `  ${describeStep(step)}`),
        ...plan.unseen.map((value) => `  not shown: ${sanitizeText(describeHidden(value))}`),
        ...logs,
        ...statement.relays.map(({ relay, generation }) => `  relay     ${relay} as record ${generation} left it`),
        `  file      ${file}`,
        `  approved  ${[count, ...principals].join(", ")}`,
        ...faults.map((fault) => `note: ${fault}`),
        ...(options.key === undefined && options.check !== true
            ? [`sign it with: ssh-keygen -Y sign -n ${NAMESPACE} -f KEY ${file}`]
            : []),
    ];
    return `${lines.join("\n")}\n`;
}
