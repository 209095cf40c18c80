import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { renderBase } from "../../../../core/approval/baseSentence.js";
import { parseStatement } from "../../../../core/approval/statement.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { scratchProject } from "../../providers/audit/scratch.js";
import { run } from "../run.js";

const scratch = scratchProject();
const URN = "urn:pulumi:dev::shop::qptunnel:index:Relay$qptunnel:index:Grants::hub-grants";
const BASE = { path: "audit/dev.jsonl", genesis: "a".repeat(64), size: 12, head: "c".repeat(64) };

/** Makes a key, and says its line of allowed_signers. */
function keyOf(name: string): string {
    const { status } = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", name]);
    expect(status).toBe(0);
    return `${name} ${readFileSync(`${name}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ")}`;
}

function plan(inputs: object = {}, messages = [renderBase(BASE), "hub: alice is allowed to reach nas on tcp/22"]): void {
    const steps = [{ op: "update", urn: URN, oldState: { inputs: { relay: "hub" }, outputs: { applied: 9 } }, newState: { inputs: { relay: "hub", ...inputs } } }];
    const diagnostics = messages.map((message) => ({ urn: URN, message, severity: "info" }));
    writeFileSync("plan.json", JSON.stringify({ steps, diagnostics }));
} // prettier-ignore

const withApprovers = (required: number, ...signers: string[]): object => ({
    audit: { path: BASE.path, approvers: { signers, required, folder: "signed" } },
});
const statement = (): string =>
    join(
        "signed",
        readdirSync("signed").find((name) => name.endsWith(".json"))!,
    );

it("signs a plan, for one approver after the other, and says who has signed", async () => {
    plan(withApprovers(2, keyOf("ann"), keyOf("ben")));
    expect(await run("approve", "plan.json", "--check")).toMatchObject({ code: 1 });
    const first = await run("approve", "plan.json", "--key", "ann");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout.split("\n")).toEqual([
        expect.stringMatching(/^plan [0-9a-f]{16} of shop\/dev: 1 steps$/),
        "  hub: alice is allowed to reach nas on tcp/22",
        "  log       audit/dev.jsonl: 12 records, head cccccccccccccccc",
        "  relay     hub as record 9 left it",
        expect.stringMatching(/^ {2}file {6}signed\/[0-9a-f]{16}\.json$/),
        "  approved  1 of 2, ann",
        "",
    ]);
    await run("approve", "plan.json", "--key", "ann");
    expect((await run("approve", "plan.json", "--check")).code).toBe(1);
    await run("approve", "plan.json", "--key", "ben");
    const { code, stdout } = await run("approve", "plan.json", "--check", "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { enough: true, approvers: [{ principal: "ann" }, { principal: "ben" }] }]);
    expect(readdirSync("signed")).toHaveLength(3);
    expect(parseStatement(readFileSync(statement(), "utf8"), "it").logs).toEqual([BASE]);
}); // prettier-ignore

it("writes the statement alone without a key, for ssh-keygen to sign", async () => {
    plan(withApprovers(1, keyOf("ann")));
    const { stdout } = await run("approve", "plan.json");
    expect(stdout).toContain(`sign it with: ssh-keygen -Y sign -n approval@pulumi-qp-tunnel -f KEY ${statement()}`);
    const signed = spawnSync("ssh-keygen", ["-Y", "sign", "-n", "approval@pulumi-qp-tunnel", "-f", "ann", statement()]);
    expect(signed.status).toBe(0);
    expect((await run("approve", "plan.json", "--check")).code).toBe(0);
});

it("notes a key that is not an approver's", async () => {
    plan(withApprovers(1, keyOf("ann")));
    keyOf("eve");
    const { stdout } = await run("approve", "plan.json", "--key", "eve");
    expect(stdout).toMatch(/approved {2}0 of 1\nnote: the key SHA256:\S+ is not an approver's/);
});

it("does not sign what the preview does not show, unless that is accepted", async () => {
    keyOf("ann");
    plan({ supplied: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(await run("approve", "plan.json", "--key", "ann", "--folder", "signed")).toEqual({
        code: 1,
        stdout: "",
        stderr: "supplied of Grants hub-grants is not shown by the preview\nnothing was signed: an approval would be for any such value; --accept-unknown approves them\n",
    });
    const { code, stdout } = await run("approve", "plan.json", "--key", "ann", "--folder", "signed", "--accept-unknown");
    expect([code, stdout]).toEqual([0, expect.stringContaining("  not shown: supplied of Grants hub-grants\n")]);
}); // prettier-ignore

it("takes the log as it is where the plan says nothing of it", async () => {
    plan({}, []);
    expect((await run("approve", "plan.json")).stderr).toContain("does not say how long the log is");
    mkdirSync("audit");
    const { bytes, lines } = makeLog([entry(1), entry(2)]);
    writeFileSync("audit/dev.jsonl", bytes);
    const { stdout } = await run("approve", "plan.json", "--log", "audit/dev.jsonl");
    const head = lines.at(-1)!.capsule.hash.slice(0, 16);
    expect(stdout).toContain(`  log       audit/dev.jsonl: ${lines.length} records, head ${head}\n`);
    expect(scratch.folder).not.toBe("");
});

it("says what is missing", async () => {
    expect((await run("approve", "none.json")).stderr).toContain("there is no such file; write it with pulumi preview");
    plan();
    expect((await run("approve", "plan.json", "--key", "none")).stderr).toContain("none: there is no such file");
});
