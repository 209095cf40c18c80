import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { AuditLog } from "../../../../../providers/audit/log.js";
import { receiptPads } from "../../../../../providers/hosts/receipt.js";
import { scriptHash } from "../../../../../providers/resources/script/file.js";
import { readScriptOutputs, type ScriptChange } from "../../../../../providers/resources/script/inputs.js";
import { REMOVAL } from "../../../../../providers/resources/script/payload.js";
import { digestOf, fileDrift, nextEdition, purpose, write } from "../../../../../providers/resources/script/write.js";
import { scratchProject } from "../../audit/scratch.js";
import { SEED } from "../receipts.js";
import { NOTES, scriptChange, scriptInputs } from "./scripts.js";

scratchProject();
const EDITION = "2026-01-02T03:04:05.678Z";
const { audit } = scriptInputs();

async function written(change: ScriptChange = scriptChange()): Promise<string> {
    await (
        await AuditLog.open(audit)
    ).append({ action: "script_apply", message: "written", details: { relay: "hub" } });
    return write("r1", change, REMOVAL, EDITION, "3:hash", ["Removes it."]);
}

it("is written where the program says, with what it does, for whom, and when it was written", async () => {
    expect(await written()).toBe(scriptHash("relay.sh"));
    const text = readFileSync("relay.sh", "utf8");
    expect(text).toContain(`# Removes it.\n# Written ${EDITION} for shop/dev/hub.\n`);
    const { publicKey } = await (await AuditLog.open(audit)).signingKey();
    expect(text).toContain(`# ${publicKey}\n`);
    expect(text).toContain("@@step remove\n");
    for (const line of [`edition\t${EDITION}`, "auditMark\t3:hash", "id\tr1"]) expect(text).toContain(line);
    const { inner } = receiptPads(SEED);
    expect(text).toContain(`inner\t${inner}\n`);
    expect(existsSync("relay.sh.sig")).toBe(true);
});

test("an edition is the time, but always later than the one before", () => {
    jest.useFakeTimers({ now: new Date(EDITION) });
    expect(nextEdition({})).toBe(EDITION);
    expect(nextEdition({ edition: "2026-01-01T00:00:00.000Z" })).toBe(EDITION);
    expect(nextEdition({ edition: EDITION })).toBe("2026-01-02T03:04:05.679Z");
    expect(nextEdition({ edition: "2027-01-01T00:00:00.000Z" })).toBe("2027-01-01T00:00:00.001Z");
    jest.useRealTimers();
});

test("its head says what it makes of the machine", () => {
    expect(purpose(scriptChange({ services: { notes: NOTES } }))).toEqual([
        "Makes this machine the WireGuard relay hub, interface wg0, or brings it up to date:",
        "2 peers, 1 service.",
    ]);
});

test("two scripts do the same if their steps are the same", () => {
    expect(digestOf({ check: "a" })).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf({ check: "a" })).toBe(digestOf({ check: "a" }));
    expect(digestOf({ check: "a" })).not.toBe(digestOf({ check: "b" }));
});

it("differs when something else lies there, or nothing although it has not run", async () => {
    const sha256 = await written();
    const receipt = { edition: EDITION, generation: 1, machine: "m1", publicKey: "", script: sha256 };
    const drift = (outputs: object): string[] =>
        fileDrift(scriptInputs(), readScriptOutputs({ sha256, ...outputs })).map(({ sentence }) => sentence);
    expect(drift({})).toEqual([]);
    writeFileSync("relay.sh", "#!/bin/sh\n");
    const replaced = "relay.sh is not the script that was written; `pulumi up --refresh` writes it again";
    expect(drift({})).toEqual([replaced]);
    expect(drift({ receipt })).toEqual([replaced]);
    rmSync("relay.sh");
    expect(drift({})).toEqual([
        "relay.sh is missing, and its receipt has not come back; `pulumi up --refresh` writes it again",
    ]);
    expect(drift({ receipt: { ...receipt, script: "ab" } })).toHaveLength(1);
    expect(drift({ receipt })).toEqual([]);
});
