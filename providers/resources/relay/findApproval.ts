import { type Approver, type Approvers, approversOf } from "../../../core/approval/approvers.js";
import {
    type Applying,
    coverProblem,
    type JudgedRecord,
    movedProblem,
    ownOperations,
    relayProblem,
    usedProblem,
} from "../../../core/approval/judge.js";
import { type ApproverRule, approversAt } from "../../../core/approval/rules.js";
import type { ApprovedLog } from "../../../core/approval/statement.js";
import { PartJoiner } from "../../../core/audit/parts.js";
import type { AuditLine } from "../../../core/audit/record.js";
import { type Approval, approvalsFolder, readApprovals } from "../../audit/approvals.js";
import type { AuditLog, AuditRef } from "../../audit/log.js";
import { nativePrimitives } from "../../audit/primitives.js";
import { sshCrypto } from "../../audit/sshCrypto.js";

/** The record under which a relay was changed last, as its machine bears it. */
export interface RelayMark {
    relay: string;
    /** Its sequence; undefined on a machine that has none. */
    mark: number | undefined;
}

/** What an approval is looked for: a step that is about to begin, with what is known of log and relay. */
export interface Asked {
    log: AuditLog;
    audit: AuditRef;
    applying: Applying;
    rules: readonly ApproverRule[];
    relay: RelayMark | undefined;
}

/** An approval that holds. */
export interface FoundApproval {
    approval: Approval;
    approvers: Approver[];
    /** What was recorded since its plan was made, oldest first. */
    since: JudgedRecord[];
}

type Candidate = Approval & { base: ApprovedLog };

/**
 * The approval under which a step is done.
 *
 * @returns why there is none, of the approval with the newest plan
 */
export async function findApproval(asked: Asked): Promise<FoundApproval | string> {
    const { log, audit } = asked;
    const folder = audit.approvers?.folder;
    const status = await log.status();
    const candidates = readApprovals(approvalsFolder(audit.project, folder))
        .flatMap((approval): Candidate[] => {
            const base = baseOf(approval, audit, status?.genesis);
            return base === undefined ? [] : [{ ...approval, base }];
        })
        .sort((a, b) => b.base.size - a.base.size);
    let reason: string | undefined;
    for (const candidate of candidates) {
        const found = await judge(candidate, asked);
        if (typeof found !== "string") return found;
        reason ??= `approval ${candidate.name} ${found}`;
    }
    return reason ?? "there is no approval for this stack and its log";
}

/** A log that an approval is for, where it is the one that is written. */
function baseOf({ statement }: Approval, audit: AuditRef, genesis: string | undefined): ApprovedLog | undefined {
    if (statement.project !== audit.project || statement.stack !== audit.stack) return undefined;
    return statement.logs.find((log) => (log.size === 0 ? log.path === audit.path : log.genesis === genesis));
}

async function judge(candidate: Candidate, asked: Asked): Promise<FoundApproval | string> {
    const { statement, text, digest, signatures, base } = candidate;
    const { applying, rules, relay, audit } = asked;
    const uncovered = coverProblem(statement, applying, nativePrimitives);
    if (uncovered !== undefined) return uncovered;
    const required = approversAt(rules, base.size) ?? audit.approvers;
    if (required === undefined) return "is for a log on which no approvers were set";
    const { approvers, faults } = approversOf(text, signatures, required, Date.now(), sshCrypto);
    if (approvers.length < required.required) return tooFew(approvers, faults, required);
    const { head, since } = await recordsBehind(asked.log, base.size);
    if (base.size > 0 && head !== base.head) return "was given on a log that this is not";
    const own = ownOperations(digest, since);
    const isOwn = (sequence: number): boolean =>
        since.some((record) => record.capsule.sequence === sequence && own.has(record.correlation_id));
    const problem =
        movedProblem(digest, since) ??
        usedProblem(digest, applying.step, since) ??
        (relay === undefined ? undefined : relayProblem(statement, base, relay.relay, relay.mark, isOwn));
    return problem ?? { approval: candidate, approvers, since };
}

function tooFew(approvers: readonly Approver[], faults: readonly string[], { required }: Approvers): string {
    const signers = approvers.length === 0 ? "" : ` (${approvers.map(({ principal }) => principal).join(", ")})`;
    return [`is signed by ${approvers.length}${signers} of ${required} required approvers`, ...faults].join(", and ");
}

/** Records behind the first ones, oldest first and put together from their parts, with the hash of the last one before. */
async function recordsBehind(log: AuditLog, size: number): Promise<{ head?: string; since: JudgedRecord[] }> {
    const lines: AuditLine[] = [];
    let head: string | undefined;
    for await (const line of log.entries("newest")) {
        if (line.capsule.sequence < size) {
            if (line.capsule.sequence === size - 1) head = line.capsule.hash;
            break;
        }
        lines.push(line);
    }
    const parts = new PartJoiner<AuditLine>("oldest");
    const since = lines.reverse().flatMap((line) => parts.push(line) ?? []);
    return { since, ...(head === undefined ? {} : { head }) };
}
