import { ApprovalHistory, type ApprovalVerdict } from "../../../../../core/approval/history.js";
import type { Authority } from "../../../../../core/audit/authority.js";
import { NotApproved } from "../../../../../core/errors.js";
import { AuditLog, type AuditRef, type Operation } from "../../../../../providers/audit/log.js";
import { nativePrimitives } from "../../../../../providers/audit/primitives.js";
import { sshCrypto } from "../../../../../providers/audit/sshCrypto.js";
import { beginApproved, EMERGENCY } from "../../../../../providers/resources/relay/approved.js";
import { ALICE, BOB, EVE } from "../../../core/approval/approverKeys.js";
import { STEP } from "../../../core/approval/statements.js";
import { scratchProject } from "../../audit/scratch.js";
import { applyingOf, APPROVERS, approve, AUDIT, forgetApprovals } from "./approvals.js";
import { linesRecorded, REF } from "./lifecycle.js";

scratchProject();
const OTHER = { ...STEP, urn: STEP.urn.replace("Grants::hub-grants", "Proxy::hub-proxy") };

async function begin(audit: AuditRef = AUDIT, step = STEP, setsApprovers?: true): Promise<Operation> {
    const spec = { action: "grants_apply", message: "Applied", begin: "Apply", details: { relay: "hub" } };
    const undertaking = { ...spec, applying: applyingOf(step), ...(setsApprovers && { setsApprovers }) };
    return beginApproved(await AuditLog.open(audit), audit, undertaking);
}

async function done(audit?: AuditRef, step?: typeof STEP, setsApprovers?: true): Promise<void> {
    await (await begin(audit, step, setsApprovers)).success({ message: "Applied", details: { relay: "hub" } });
}

const actions = async (): Promise<string[]> => (await linesRecorded()).map(({ action }) => action);

/** What the log alone proves. */
async function verdict(): Promise<ApprovalVerdict> {
    const log = await AuditLog.open(REF);
    const { genesis } = (await log.status())!;
    const history = new ApprovalHistory(
        { ...(await log.sealed())!, genesis },
        { primitives: nativePrimitives, crypto: sshCrypto },
    );
    for await (const line of log.entries("oldest")) history.push(line);
    return history.finish();
}

it("changes nothing of a record where no approvers are set", async () => {
    await done(REF);
    expect((await linesRecorded()).map(({ action, message, details }) => [action, message, details])).toEqual([
        ["grants_apply_begin", "Apply", { relay: "hub" }],
        ["grants_apply", "Applied", { relay: "hub" }],
    ]);
});

it("records nothing of what is not approved, and says how it would be", async () => {
    await expect(begin()).rejects.toThrow(NotApproved);
    await expect(begin()).rejects.toThrow(
        /^the update of Grants hub-grants: is not approved: there is no approval for this stack and its log; preview again with --json, have that plan approved with `qp-tunnel approve`, and apply it; in an emergency set QPTUNNEL_EMERGENCY to the reason, which is recorded$/,
    );
    expect(await actions()).toEqual([]);
});

it("records who approved, word for word, once, and on whose word each record was written", async () => {
    const { digest } = await approve(undefined, {}, [STEP, OTHER]);
    await done();
    await done(AUDIT, OTHER);
    const lines = await linesRecorded();
    expect(lines.map(({ action }) => action)).toEqual([
        ...["plan_approved", "approvers_set", "grants_apply_begin", "grants_apply"],
        ...["grants_apply_begin", "grants_apply"],
    ]);
    for (const { details } of lines)
        expect(details["authority"]).toEqual({
            type: "human_approved",
            approver: "alice@example.com, bob@example.com",
            policy_reference: `sha3-256:${digest}`,
            chain: [ALICE, BOB].map(({ principal }) => ({ principal, key: expect.stringMatching(/^SHA256:/) as string })),
            escalation_reason: null,
        });
    expect(lines[2]!.details["approved_step"]).toBe(`update ${STEP.urn}`);
    expect(await verdict()).toMatchObject({ problems: [], emergencies: [], approvals: [{ digest, operations: 2 }] });
}); // prettier-ignore

it("is used up by what was done, not by what failed", async () => {
    await approve();
    await (await begin()).failure(new Error("the relay did not answer"));
    await done();
    await expect(begin()).rejects.toThrow("was used for the update of Grants hub-grants before (record");
    expect((await verdict()).problems).toEqual([]);
});

it("does not let two steps at a time record one approval twice", async () => {
    await approve(undefined, {}, [STEP, OTHER]);
    await Promise.all([done(), done(AUDIT, OTHER)]);
    expect((await actions()).filter((action) => action === "plan_approved")).toHaveLength(1);
    expect((await verdict()).problems).toEqual([]);
});

describe("in an emergency", () => {
    beforeEach(() => (process.env[EMERGENCY] = "relay is down, INC-7"));

    it("goes on, and records that and why", async () => {
        await done();
        const lines = await linesRecorded();
        expect(lines.map(({ action }) => action)).toEqual(["approvers_set", "grants_apply_begin", "grants_apply"]);
        for (const { details } of lines)
            expect(details["authority"]).toMatchObject({ type: "escalated", escalation_reason: "relay is down, INC-7" });
        expect(await verdict()).toMatchObject({ problems: [], emergencies: [{ line: 3, reason: "relay is down, INC-7" }] });
    }); // prettier-ignore

    it("uses an approval where there is one", async () => {
        await approve();
        await done();
        expect((await verdict()).emergencies).toEqual([]);
    });

    it("is refused where the approvers say so, and without a reason", async () => {
        const refusing: AuditRef = { ...AUDIT, approvers: { ...APPROVERS, emergency: "refuse" } };
        await expect(begin(refusing)).rejects.toThrow(/and apply it$/);
        process.env[EMERGENCY] = " ";
        await expect(begin()).rejects.toThrow(NotApproved);
    });

    it("does not change who approves", async () => {
        await done();
        const others: AuditRef = { ...AUDIT, approvers: { signers: [EVE.line], required: 1 } };
        await done(others);
        await expect(begin(others, STEP, true)).rejects.toThrow("an emergency does not change who approves");
        expect((await verdict()).approvers?.required).toBe(2);
    });
});

describe("who approves", () => {
    beforeEach(async () => {
        await approve();
        await done();
        forgetApprovals();
    });

    it("holds for a program that names no one, or others", async () => {
        await expect(begin(REF)).rejects.toThrow(NotApproved);
        await approve([EVE]);
        await expect(begin({ ...AUDIT, approvers: { signers: [EVE.line], required: 1 } })).rejects.toThrow(
            "is signed by 0 of 2 required approvers",
        );
    });

    it("is changed by the last step of an update that they approved", async () => {
        const eve: AuditRef = { ...AUDIT, approvers: { signers: [EVE.line], required: 1 } };
        await approve(undefined, {}, [STEP, OTHER]);
        await done(eve);
        expect((await verdict()).approvers?.required).toBe(2);
        await done(eve, OTHER, true);
        expect((await verdict()).approvers).toMatchObject({ required: 1, signers: [EVE.line] });
        await approve();
        await expect(begin(eve)).rejects.toThrow("is signed by 0 of 1 required approvers");
        await approve([EVE]);
        await done(eve);
        expect((await verdict()).problems).toEqual([]);
    });

    it("is no one after an update that takes the approvers away, which is approved to its end", async () => {
        const third = { ...STEP, urn: `${STEP.urn}-3` };
        await approve(undefined, {}, [STEP, OTHER, third]);
        await done(REF, STEP);
        await done(REF, OTHER, true);
        await done(REF, third);
        expect((await verdict()).approvers).toBeUndefined();
        await expect(begin(REF)).rejects.toThrow(NotApproved);
        const authority = (await linesRecorded()).at(-1)!.details["authority"] as Authority;
        expect(authority.type).toBe("human_approved");
        expect((await verdict()).problems).toEqual([]);
    });
});
