import { readFileSync, writeFileSync } from "node:fs";

import { AuditLog, type AuditRef } from "../../../../../providers/audit/log.js";
import { approverRules } from "../../../../../providers/audit/approverRules.js";
import { findApproval } from "../../../../../providers/resources/relay/findApproval.js";
import { ALICE, BOB, EVE } from "../../../core/approval/approverKeys.js";
import { STEP } from "../../../core/approval/statements.js";
import { scratchProject } from "../../audit/scratch.js";
import { applyingOf, approve, AUDIT } from "./approvals.js";
import { REF } from "./lifecycle.js";

scratchProject();

/** Why a step is not approved; undefined: it is. */
async function refusal(applying = applyingOf(), audit: AuditRef = AUDIT, mark?: number): Promise<string | undefined> {
    const log = await AuditLog.open(REF);
    const relay = mark === undefined ? undefined : { relay: "hub", mark };
    const found = await findApproval({ log, audit, applying, rules: await approverRules(log), relay });
    return typeof found === "string" ? found : undefined;
}

const record = async (action = "peer_add"): Promise<unknown> =>
    (await AuditLog.open(REF)).append({ action, message: "x", details: { relay: "hub" } });

it("finds what both approved, before there is a log and after", async () => {
    expect(await refusal()).toBe("there is no approval for this stack and its log");
    await approve();
    expect(await refusal()).toBeUndefined();
    await record();
    expect(await refusal()).toContain("is stale: peer_add was recorded since its plan was made (record 1)");
    await approve();
    expect(await refusal()).toBeUndefined();
});

it("refuses a partial one: too few have signed, or one of them twice", async () => {
    const { file } = await approve([ALICE]);
    expect(await refusal()).toMatch(
        /^approval \w+\.json is signed by 1 \(alice@example\.com\) of 2 required approvers$/,
    );
    writeFileSync(`${file}.again.sig`, ALICE.sign(readFileSync(file, "utf8")));
    expect(await refusal()).toContain("is signed by 1 (alice@example.com) of 2");
    writeFileSync(`${file}.bob.sig`, BOB.sign(readFileSync(file, "utf8")));
    expect(await refusal()).toBeUndefined();
});

it("refuses a forged one: an unknown key, a signature of something else, another namespace", async () => {
    const { file } = await approve([ALICE, EVE]);
    expect(await refusal()).toMatch(/is signed by 1 .* and the key SHA256:\S+ is not an approver's$/);
    writeFileSync(`${file}.bob.sig`, BOB.sign("something else"));
    expect(await refusal()).toContain("the signature of bob@example.com is not of this approval");
    writeFileSync(`${file}.bob.sig`, BOB.sign(readFileSync(file, "utf8"), "git"));
    expect(await refusal()).toContain("the signature of bob@example.com is not of this approval");
});

it("refuses one whose text was changed after it was signed", async () => {
    const { file } = await approve();
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("tcp/22", "tcp/23"));
    expect(await refusal(applyingOf(STEP, ["hub: alice is allowed to reach nas on tcp/23"]))).toContain(
        "is signed by 0 of 2 required approvers, and the signature of alice@example.com is not of this approval",
    );
    writeFileSync(file, `${text} `);
    expect(await refusal()).toBe("there is no approval for this stack and its log");
});

it("refuses other inputs, other effects, and steps that it does not contain", async () => {
    await approve();
    const other = { ...STEP, inputs: { ...STEP.inputs, rules: { eve: ["10.8.0.9 10.8.0.3 all"] } } };
    expect(await refusal(applyingOf(other))).toContain("was given for another plan");
    expect(await refusal(applyingOf(STEP, ["hub: alice is cut off at once"]))).toContain("does not contain this: hub");
    expect(await refusal(applyingOf({ ...STEP, operation: "delete" }))).toContain(
        "does not contain the removal of Grants",
    );
});

it("refuses one of another stack, another project and another log", async () => {
    await approve([ALICE, BOB], { stack: "prod" });
    await approve([ALICE, BOB], { project: "office" });
    expect(await refusal()).toBe("there is no approval for this stack and its log");
    await record();
    await approve([ALICE, BOB], { logs: [{ path: REF.path, genesis: "f".repeat(64), size: 2, head: "a".repeat(64) }] });
    expect(await refusal()).toBe("there is no approval for this stack and its log");
});

it("refuses one that was given on a longer log, or on one with another end", async () => {
    await record();
    const { genesis = "", size = 0 } = (await (await AuditLog.open(REF)).status()) ?? {};
    await approve([ALICE, BOB], { logs: [{ path: REF.path, genesis, size: size + 1, head: "a".repeat(64) }] });
    expect(await refusal()).toContain("was given on a log that this is not");
    await approve([ALICE, BOB], { logs: [{ path: REF.path, genesis, size, head: "a".repeat(64) }] });
    expect(await refusal()).toContain("was given on a log that this is not");
});

it("refuses a relay that was changed since, or is older than it was", async () => {
    await record();
    await approve([ALICE, BOB], { relays: [{ relay: "hub", generation: 1 }] });
    expect(await refusal(applyingOf(), AUDIT, 1)).toBeUndefined();
    expect(await refusal(applyingOf(), AUDIT, 0)).toContain("is for relay hub as record 1 left it");
    expect(await refusal(applyingOf(), AUDIT, 2)).toContain("relay hub was changed since its plan was made (record 2)");
});
