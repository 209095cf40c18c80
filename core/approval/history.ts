import { approvalOf, isAuthority } from "../audit/authority.js";
import type { LogIdentity } from "../audit/capsule.js";
import { PartJoiner } from "../audit/parts.js";
import type { Primitives } from "../audit/primitives.js";
import type { AuditLine } from "../audit/record.js";
import { InvalidArgument } from "../errors.js";
import { type Approver, type Approvers, approversIn, approversOf, isApproverList } from "./approvers.js";
import { type ApproverRule, approversAt } from "./rules.js";
import { APPROVAL_ACTION, APPROVERS_ACTION, movedProblem, STEP_DETAIL } from "./judge.js";
import { armourSshSignature, type SshCrypto } from "./sshSignature.js";
import { parseStatement, type Statement } from "./statement.js";
import { stepName } from "./step.js";

/** What a log proves about who approved its operations. */
export interface ApprovalVerdict {
    approvals: { line: number; digest: string; approvers: Approver[]; operations: number }[];
    /** Operations that were done without an approval, each with the reason that was given. */
    emergencies: { line: number; action: string; user: string; reason: string }[];
    /** What should not have happened. */
    problems: { line: number; problem: string }[];
    /** Who approves now. */
    approvers?: Approvers;
}

interface Approval {
    digest: string;
    record: AuditLine;
    statement: Statement;
    base: { size: number; head: string };
    signatures: string[];
    approvers: Approver[];
    done: Set<string>;
    operations: number;
}

/** Whether a record is about approvals: a log without one needs no history of them. */
export function isOfApprovals({ action }: Pick<AuditLine, "action">): boolean {
    return action === APPROVAL_ACTION || action === APPROVERS_ACTION;
}

/** Checks from a log alone that its operations were approved: by enough of those who approve, once each, and as planned. */
export class ApprovalHistory {
    private readonly parts = new PartJoiner<AuditLine>("oldest");
    private readonly records: AuditLine[] = [];
    /** The last record of each operation. */
    private readonly ends = new Map<string, AuditLine>();
    private readonly hashes: string[] = [];
    private readonly problems: ApprovalVerdict["problems"] = [];
    private readonly approvals = new Map<string, Approval>();
    private readonly emergencies: ApprovalVerdict["emergencies"] = [];
    private readonly rules: ApproverRule[] = [];

    constructor(
        private readonly log: LogIdentity,
        private readonly tools: { primitives: Pick<Primitives, "sha3">; crypto: SshCrypto },
    ) {}

    /** The records of a verified log, in their order. */
    push(line: AuditLine): void {
        this.hashes.push(line.capsule.hash);
        const whole = this.parts.push(line);
        if (whole === undefined) return;
        const { authority, [STEP_DETAIL]: step } = whole.details;
        const kept = isOfApprovals(whole) ? whole.details : { authority, [STEP_DETAIL]: step };
        const record = { ...whole, details: kept };
        this.records.push(record);
        this.ends.set(record.correlation_id, record);
    }

    finish(): ApprovalVerdict {
        for (const record of this.records)
            if (record.action === APPROVERS_ACTION)
                this.rules.push({ sequence: record.capsule.sequence, approvers: approversIn(record.details) });
        for (const record of this.records) if (record.action === APPROVAL_ACTION) this.readApproval(record);
        for (const record of this.records) {
            if (record.action === APPROVERS_ACTION) this.judgeRules(record);
            else if (record.action.endsWith("_begin")) this.judgeOperation(record);
        }
        for (const approval of this.approvals.values()) this.judgeMoves(approval);
        const approvers = this.rules.at(-1)?.approvers;
        return {
            approvals: [...this.approvals.values()].map(({ record, digest, approvers: by, operations }) => ({
                line: lineOf(record),
                digest,
                approvers: by,
                operations,
            })),
            emergencies: this.emergencies,
            problems: [...this.problems].sort((a, b) => a.line - b.line),
            ...(approvers === undefined ? {} : { approvers }),
        };
    }

    private fault(record: AuditLine, problem: string): void {
        this.problems.push({ line: lineOf(record), problem });
    }

    private readApproval(record: AuditLine): void {
        const { statement: text, signatures } = record.details;
        try {
            const whole = `${(text as string[]).join("")}\n`;
            const statement = parseStatement(whole, "approval");
            const digest = this.tools.primitives.sha3(whole);
            const base = this.baseOf(statement);
            if (base === undefined) return this.fault(record, "it approves a plan of a different log");
            if (digest !== approvalOf(record.details) || !isApproverList(signatures))
                return this.fault(record, "its approval does not match its content");
            if (this.approvals.has(digest)) return;
            const armoured = signatures.map(({ signature }) => armourSshSignature(signature));
            const approval = { digest, record, statement, base, signatures: armoured, done: new Set<string>() };
            this.approvals.set(digest, { ...approval, approvers: this.signersOf(approval, whole), operations: 0 });
        } catch (error) {
            if (!(error instanceof InvalidArgument || error instanceof TypeError)) throw error;
            this.fault(record, "its approval cannot be read");
        }
    }

    /** Judged by the rules under which the plan was made: an update may change them. */
    private signersOf(
        { record, base, signatures }: Omit<Approval, "approvers" | "operations">,
        text: string,
    ): Approver[] {
        const rules = approversAt(this.rules, base.size);
        if (rules === undefined) {
            this.fault(record, "no approvers are set for it");
            return [];
        }
        const { required } = rules;
        const time = Date.parse(record.timestamp);
        const { approvers, faults } = approversOf(text, signatures, rules, time, this.tools.crypto);
        for (const fault of faults) this.fault(record, fault);
        if (approvers.length < required)
            this.fault(record, `it has ${approvers.length} of ${required} required approvals`);
        return approvers;
    }

    private baseOf({ project, stack, logs }: Statement): Approval["base"] | undefined {
        const known = logs.find(({ genesis }) => genesis === this.log.genesis);
        if (known !== undefined) return known;
        const isOwn = project === this.log.project && stack === this.log.stack;
        return isOwn ? logs.find(({ size }) => size === 0) : undefined;
    }

    private rulesBefore(sequence: number): { approvers: Approvers | undefined } | undefined {
        return this.rules.findLast((each) => each.sequence < sequence);
    }

    private judgeRules(record: AuditLine): void {
        const before = this.rulesBefore(record.capsule.sequence)?.approvers;
        if (before === undefined || this.approvals.has(approvalOf(record.details) ?? "")) return;
        this.fault(record, "the approvers were changed without an approval");
    }

    private judgeOperation(record: AuditLine): void {
        const rules = this.rulesBefore(record.capsule.sequence)?.approvers;
        const { authority } = record.details;
        const digest = approvalOf(record.details);
        if (digest !== undefined) return this.judgeApproved(record, digest);
        if (isAuthority(authority)) {
            const { action, user } = record;
            this.emergencies.push({ line: lineOf(record), action, user, reason: authority.escalation_reason ?? "" });
            if (rules?.emergency === "refuse")
                this.fault(record, `${action} is an emergency, which the approvers refuse`);
            return;
        }
        if (rules !== undefined) this.fault(record, `${record.action} was not approved`);
    }

    private judgeApproved(record: AuditLine, digest: string): void {
        const approval = this.approvals.get(digest);
        if (approval === undefined)
            return this.fault(record, `${record.action} names an approval that is not in the log`);
        approval.operations += 1;
        const step = String(record.details[STEP_DETAIL]);
        if (!approval.statement.steps.some((each) => stepName(each) === step))
            return this.fault(record, `${record.action} is not part of its approval`);
        if (approval.done.has(step)) return this.fault(record, `${record.action} uses its approval a second time`);
        const last = this.ends.get(record.correlation_id);
        if (last?.status === "success" && !last.action.endsWith("_begin")) approval.done.add(step);
    }

    /** What an approval was given on must be the log as it was, with nothing but its own operations behind. */
    private judgeMoves({ digest, record, base }: Approval): void {
        if (base.size > 0 && this.hashes[base.size - 1] !== base.head)
            return this.fault(record, "its plan was made on a log that this is not");
        const last = this.records.findLast(
            ({ action, details }) => action.endsWith("_begin") && approvalOf(details) === digest,
        );
        const { sequence: end } = (last ?? record).capsule;
        const since = this.records.filter(({ capsule: { sequence } }) => sequence >= base.size && sequence <= end);
        const problem = movedProblem(digest, since);
        if (problem !== undefined) this.fault(record, `its approval ${problem}`);
    }
}

function lineOf({ capsule }: AuditLine): number {
    return capsule.sequence + 1;
}
