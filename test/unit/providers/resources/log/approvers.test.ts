import {
    approverChanges,
    sayApprovers,
    setApprovers,
    warnOfEmergency,
} from "../../../../../providers/resources/log/approvers.js";
import { AuditLog } from "../../../../../providers/audit/log.js";
import { beginApproved, EMERGENCY } from "../../../../../providers/resources/relay/approved.js";
import { NotApproved } from "../../../../../core/errors.js";
import { EVE } from "../../../core/approval/approverKeys.js";
import { STEP } from "../../../core/approval/statements.js";
import { scratchProject } from "../../audit/scratch.js";
import { applyingOf, approve, AUDIT } from "../relay/approvals.js";
import { contextOf, linesRecorded, REF } from "../relay/lifecycle.js";

scratchProject();
const WITH = { relay: "hub", audit: AUDIT };
const WITHOUT = { relay: "hub", audit: REF };
const EVES = { relay: "hub", audit: { ...REF, approvers: { signers: [EVE.line], required: 1 } } };

it("are a change where a program names others, and none otherwise", () => {
    expect(approverChanges(WITHOUT, WITHOUT)).toEqual({});
    expect(approverChanges(WITH, WITH)).toEqual({});
    for (const [one, other] of [[WITHOUT, WITH], [WITH, WITHOUT], [WITH, EVES]] as const)
        expect(approverChanges(one, other)).toEqual({ audit: "update" });
}); // prettier-ignore

it("are told in a preview where they change, with the log that an approval would be for", async () => {
    const context = contextOf();
    await sayApprovers(undefined, WITHOUT, context);
    expect(context.said).toEqual([]);
    await sayApprovers(WITHOUT, WITH, context);
    await sayApprovers(WITH, WITHOUT, context);
    expect(context.said).toEqual([
        "info: an approval of this plan is for the log audit/dev.jsonl, which is not begun yet",
        "info: updates need the approval of 2 of alice@example.com, bob@example.com",
        "info: updates no longer need an approval",
    ]);
});

it("are set once, with an approval", async () => {
    await setApprovers(undefined, WITHOUT, STEP);
    await expect(setApprovers(undefined, WITH, STEP)).rejects.toThrow(NotApproved);
    await approve(undefined, { sentences: ["updates need the approval of 2 of alice@example.com, bob@example.com"] });
    await setApprovers(undefined, WITH, STEP);
    await setApprovers(WITH, WITH, STEP);
    expect((await linesRecorded()).map(({ action }) => action)).toEqual([
        ...["plan_approved", "approvers_set", "approvers_apply_begin", "approvers_apply"],
    ]);
});

it("are told of an emergency at the end of its update, and of that one alone", async () => {
    process.env[EMERGENCY] = "relay is down";
    const spec = { action: "grants_apply", message: "Applied", details: {}, applying: applyingOf() };
    await (await beginApproved(await AuditLog.open(REF), AUDIT, spec)).success({ message: "Applied" });
    const context = contextOf();
    await warnOfEmergency(REF, 0, context);
    expect(context.said).toEqual([]);
    await warnOfEmergency(AUDIT, 0, context);
    const said = "warning: 1 operation of this update had no approval, as an emergency: relay is down";
    expect(context.said).toEqual([said]);
    const { bytes } = (await (await AuditLog.open(REF)).status())!;
    await warnOfEmergency(AUDIT, bytes, context);
    expect(context.said).toEqual([said]);
});
