import { AuditSink, type AuditSinkArgs } from "../../../components/index.js";
import type { AuditReference } from "../../../components/auditSink.js";
import { runProgram } from "../program.js";

async function referenceOf(args?: AuditSinkArgs): Promise<AuditReference> {
    let sink: AuditSink | undefined;
    await runProgram(() => void (sink = new AuditSink("audit", args)));
    return sink!.reference;
}

it("is a file of the stack's name in the project, sealed with the default key", async () => {
    const defaults = {
        path: "audit/prod.jsonl",
        project: "office",
        stack: "prod",
        mirror: true,
        onBehind: "fail",
    };
    expect(await referenceOf()).toEqual(defaults);
    // Which file that is only the machine that writes the log can say.
    expect(await referenceOf({ signingKey: "file:" })).toEqual(defaults);
});

it("tells every resource what the program says of it", async () => {
    const args: AuditSinkArgs = {
        path: "log.jsonl",
        signingKey: "env:KEY",
        mirror: false,
        onBehind: "warn",
        restartFrom: "a".repeat(64),
    };
    expect(await referenceOf(args)).toEqual({ ...args, project: "office", stack: "prod" });
});

it("tells every resource who approves, each key as a line", async () => {
    const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    const line = `alice@example.com ${publicKey}`;
    const approvers = { signers: [line], required: 1 };
    const list = [{ principal: "alice@example.com", publicKey: `${publicKey} laptop` }];
    for (const signers of [list, `# who approves\n${line} laptop\n`])
        expect(await referenceOf({ approvers: { signers } })).toMatchObject({ approvers });
    await expect(referenceOf({ approvers: { signers: list, required: 2 } })).rejects.toThrow(
        "audit sink audit.approvers.required: is 2, but 1 different principals are listed in `signers`",
    );
});

it("refuses a name that no resource can have, and what it does not know", async () => {
    await expect(runProgram(() => new AuditSink("no name"))).rejects.toThrow(/^audit sink no name: /);
    const args = { file: "log.jsonl" } as AuditSinkArgs;
    await expect(runProgram(() => new AuditSink("audit", args))).rejects.toThrow(
        "audit sink audit.file: is not an argument",
    );
});
