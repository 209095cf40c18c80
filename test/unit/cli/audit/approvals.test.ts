import { writeFileSync } from "node:fs";

import { AuditLog } from "../../../../providers/audit/log.js";
import { beginApproved, EMERGENCY } from "../../../../providers/resources/relay/approved.js";
import { ALICE, BOB } from "../../core/approval/approverKeys.js";
import { scratchProject } from "../../providers/audit/scratch.js";
import { applyingOf, approve, AUDIT } from "../../providers/resources/relay/approvals.js";
import { REF } from "../../providers/resources/relay/lifecycle.js";
import { run } from "../run.js";

scratchProject();

async function operate(): Promise<void> {
    const spec = { action: "grants_apply", message: "Applied", details: { relay: "hub" }, applying: applyingOf() };
    const operation = await beginApproved(await AuditLog.open(REF), AUDIT, spec);
    await operation.success({ message: "Applied" });
}

const verify = (...options: string[]) => run("audit", "verify", REF.path, ...options);

it("says nothing of approvals where there are none", async () => {
    await (await AuditLog.open(REF)).append({ action: "peer_add", message: "Added" });
    expect((await verify()).stdout).not.toContain("approved");
});

it("says who approved, and what was done in an emergency", async () => {
    await approve();
    await operate();
    process.env[EMERGENCY] = "relay is down";
    await operate();
    const { code, stdout } = await verify();
    expect(code).toBe(0);
    expect(stdout).toContain(
        "  approved   1 operations under 1 approvals by alice@example.com, bob@example.com; updates need 2 of alice@example.com, bob@example.com\n",
    );
    expect(stdout).toContain("grants_apply_begin by alice was an emergency, without an approval: relay is down\n");
    const json = JSON.parse((await verify("--json")).stdout) as { approvals: object };
    expect(json.approvals).toMatchObject({ problems: [], emergencies: [{ reason: "relay is down" }] });
});

it("fails where an operation was not approved, or by a key that is not trusted", async () => {
    await approve();
    await operate();
    writeFileSync("allowed_signers", `${ALICE.line}\n`);
    const { code, stdout } = await verify("--approvers", "allowed_signers");
    expect([code, stdout]).toEqual([
        1,
        expect.stringMatching(/\nproblem: line 2: SHA256:\S+ of bob@example\.com is not in allowed_signers\n$/),
    ]);
    writeFileSync("allowed_signers", `${ALICE.line}\n${BOB.line}\n`);
    expect((await verify("--approvers", "allowed_signers")).code).toBe(0);
    const log = await AuditLog.open(REF);
    await (await log.begin({ action: "peers_apply", message: "Apply" })).success({ message: "Applied" });
    expect(await verify()).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("problem: line 6: peers_apply_begin was not approved\n") as string,
    });
});
