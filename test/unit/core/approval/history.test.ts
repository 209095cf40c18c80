import { type Approvers, detailsOfApprovers } from "../../../../core/approval/approvers.js";
import { ApprovalHistory, type ApprovalVerdict } from "../../../../core/approval/history.js";
import { APPROVAL_ACTION, APPROVERS_ACTION, STEP_DETAIL } from "../../../../core/approval/judge.js";
import { sshSignatureBody } from "../../../../core/approval/sshSignature.js";
import { linesOfStatement, type Statement } from "../../../../core/approval/statement.js";
import { stepName } from "../../../../core/approval/step.js";
import { approvalReference, type Authority } from "../../../../core/audit/authority.js";
import type { AuditLine } from "../../../../core/audit/record.js";
import { sshCrypto } from "../../../../providers/audit/sshCrypto.js";
import { ALICE, BOB, EVE, type TestApprover } from "./approverKeys.js";
import { sha3, statementOf, STEP, textOf } from "./statements.js";

const RULES: Approvers = { signers: [ALICE.line, BOB.line], required: 2 };
const LOG = { project: "shop", stack: "dev", publicKey: "0".repeat(64), genesis: "g".repeat(64) };

/** A log in the making. */
class Story {
    readonly lines: AuditLine[] = [];

    add(action: string, details: Record<string, unknown> = {}, id = `op${this.lines.length}`, status: AuditLine["status"] = "success"): this {
        const sequence = this.lines.length;
        const hash = sequence === 0 ? LOG.genesis : sha3(`${sequence} ${action}`);
        const capsule = { id: "", sequence, previous_hash: null, hash, signature: "", signed_by: "" };
        this.lines.push({ timestamp: "2026-06-01T00:00:00Z", action, status, message: "", user: "ci", details, correlation_id: id, capsule });
        return this;
    } // prettier-ignore

    get base(): Statement["logs"] {
        const last = this.lines.at(-1);
        const head = last?.capsule.hash ?? "";
        return [
            { path: "audit/dev.jsonl", genesis: last === undefined ? "" : LOG.genesis, size: this.lines.length, head },
        ];
    }

    approved(statement: Statement, by: TestApprover[] = [ALICE, BOB], changes: { text?: string } = {}): this {
        const { text, digest } = textOf(statement);
        const signatures = by.map((each) => ({ principal: each.principal, key: "SHA256:", signature: sshSignatureBody(each.sign(text)) }));
        return this.add(APPROVAL_ACTION, { authority: authorityOf(digest), statement: linesOfStatement(changes.text ?? text), signatures });
    } // prettier-ignore

    operation(authority: Authority | undefined, step = stepName(STEP), status: AuditLine["status"] = "success"): this {
        const details = authority === undefined ? {} : { authority, [STEP_DETAIL]: step };
        const id = `op${this.lines.length}`;
        return this.add("grants_apply_begin", details, id).add(status === "success" ? "grants_apply" : "grants_apply_error", details, id, status);
    } // prettier-ignore

    rules(approvers: Approvers | undefined, authority?: Authority): this {
        return this.add(APPROVERS_ACTION, { ...detailsOfApprovers(approvers), ...(authority && { authority }) });
    }

    verdict(): ApprovalVerdict {
        const history = new ApprovalHistory(LOG, { primitives: { sha3 }, crypto: sshCrypto });
        for (const line of this.lines) history.push(line);
        return history.finish();
    }

    get problems(): string[] {
        return this.verdict().problems.map(({ problem }) => problem);
    }
}

function authorityOf(digest: string): Authority {
    return { type: "human_approved", approver: "a, b", policy_reference: approvalReference(digest), chain: [], escalation_reason: null };
} // prettier-ignore
const EMERGENCY: Authority = {
    type: "escalated",
    approver: null,
    policy_reference: null,
    chain: [],
    escalation_reason: "the relay is down",
};
const on = (story: Story): { statement: Statement; authority: Authority } => {
    const statement = statementOf({ logs: story.base });
    return { statement, authority: authorityOf(textOf(statement).digest) };
};
const begun = (): Story => new Story().add("log_created").add("peer_add");
/** A log with approvers and one approved operation. */
function approvedStory(): Story {
    const story = begun();
    const { statement, authority } = on(story);
    return story.approved(statement).rules(RULES, authority).operation(authority);
}

it("proves who approved what", () => {
    expect(approvedStory().verdict()).toEqual({
        approvals: [{ line: 3, digest: expect.any(String) as string, operations: 1, approvers: [expect.objectContaining({ principal: ALICE.principal }), expect.objectContaining({ principal: BOB.principal })] }],
        emergencies: [],
        problems: [],
        approvers: { ...RULES, signers: [...RULES.signers].sort(), emergency: "record" },
    });
}); // prettier-ignore

it("has nothing to say of a log without approvers", () => {
    expect(begun().operation(undefined).verdict()).toEqual({ approvals: [], emergencies: [], problems: [] });
});

it("lets the first update of all be approved before there is a log", () => {
    const story = new Story();
    const { statement, authority } = on(story);
    story.add("log_created").approved(statement).rules(RULES, authority).operation(authority);
    expect(story.problems).toEqual([]);
});

it("names an operation that nobody approved, and one in an emergency", () => {
    const story = approvedStory().operation(undefined).operation(EMERGENCY);
    expect(story.verdict()).toMatchObject({
        problems: [{ line: 7, problem: "grants_apply_begin was not approved" }],
        emergencies: [{ line: 9, action: "grants_apply_begin", user: "ci", reason: "the relay is down" }],
    });
});

it("names an emergency that the approvers refuse", () => {
    const story = begun();
    const { statement, authority } = on(story);
    story
        .approved(statement)
        .rules({ ...RULES, emergency: "refuse" }, authority)
        .operation(EMERGENCY);
    expect(story.problems).toEqual(["grants_apply_begin is an emergency, which the approvers refuse"]);
});

it("names too few signatures, and those that do not count", () => {
    const story = begun();
    const { statement, authority } = on(story);
    story.approved(statement, [ALICE, EVE]).rules(RULES, authority).operation(authority);
    expect(story.problems).toEqual([
        expect.stringContaining("is not an approver's"),
        "it has 1 of 2 required approvals",
    ]);
});

it("names an approval whose text was changed, or is another stack's", () => {
    const story = begun();
    const { statement, authority } = on(story);
    const other = textOf({ ...statement, sentences: ["hub: eve will be added"] }).text;
    expect(story.approved(statement, [ALICE, BOB], { text: other }).rules(RULES, authority).problems).toContain(
        "its approval does not match its content",
    );
    const strange = begun();
    const elsewhere = statementOf({ logs: [{ ...strange.base[0]!, genesis: "f".repeat(64) }] });
    expect(strange.approved(elsewhere).problems).toEqual(["it approves a plan of a different log"]);
    expect(begun().add(APPROVAL_ACTION, { statement: ["{}"] }).problems).toEqual(["its approval cannot be read"]);
});

it("names an approval that was used twice, not one that was tried again", () => {
    const story = approvedStory();
    const { authority } = story.lines[4]!.details as { authority: Authority };
    expect(story.operation(authority).problems).toEqual(["grants_apply_begin uses its approval a second time"]);
    const again = begun();
    const { statement, authority: by } = on(again);
    again.approved(statement).rules(RULES, by).operation(by, stepName(STEP), "failure").operation(by);
    expect(again.problems).toEqual([]);
});

it("names a step that is not part of its approval, and an approval that is not there", () => {
    const story = approvedStory();
    const { authority } = story.lines[4]!.details as { authority: Authority };
    story.operation(authority, "delete urn:other").operation(authorityOf("e".repeat(64)));
    expect(story.problems).toEqual([
        "grants_apply_begin is not part of its approval",
        "grants_apply_begin names an approval that is not in the log",
    ]);
});

it("names what happened between a plan and its operations", () => {
    const story = begun();
    const { statement, authority } = on(story);
    story.operation(EMERGENCY).approved(statement).rules(RULES, authority).operation(authority);
    expect(story.problems).toEqual(["its approval is stale: grants_apply_begin was recorded since its plan was made (record 2)"]);
    const forked = begun();
    const other = statementOf({ logs: [{ ...forked.base[0]!, head: "f".repeat(64) }] });
    expect(forked.approved(other).rules(RULES, authorityOf(textOf(other).digest)).problems).toEqual([
        "its plan was made on a log that this is not",
    ]);
}); // prettier-ignore

it("judges a change of the approvers by those before", () => {
    const story = approvedStory();
    const { statement, authority } = on(story);
    story
        .approved(statement)
        .operation(authority)
        .rules({ signers: [EVE.line], required: 1 }, authority);
    expect(story.problems).toEqual([]);
    expect(story.verdict().approvers?.signers).toEqual([EVE.line]);
    expect(approvedStory().rules(undefined, EMERGENCY).problems).toEqual([
        "the approvers were changed without an approval",
    ]);
});
