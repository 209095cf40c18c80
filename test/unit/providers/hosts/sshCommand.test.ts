import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SshHost } from "../../../../providers/hosts/descriptors.js";
import { answerOf, bashCommand, uploadCommand } from "../../../../providers/hosts/sshCommand.js";

const host = { kind: "ssh", address: "relay.example", user: "admin", port: 22 } as SshHost;
const env = { PATH: process.env["PATH"], SSH_CONNECTION: "192.0.2.9 50000 192.0.2.1 22" };
const inShell = (shell: string, command: string, input: string): string =>
    execFileSync(shell, ["-c", command], { input, env, encoding: "utf8" });
const finished = (stdout: string, stderr = "", code = 0) => ({ stdout, stderr, code });

it.each(["sh", "bash"])("%s runs the program on standard input, which learns where the operator is", (shell) => {
    const stdout = inShell(shell, bashCommand(false), 'echo "$QP_TUNNEL_CLIENT of $BASH_VERSION"; exit 0');
    expect(answerOf(host, finished(stdout)).stdout).toMatch(/^192\.0\.2\.9 of \d/);
});

it("what a login shell prints before does not belong to the answer", () => {
    const stdout = inShell("bash", `echo "Welcome!"; ${bashCommand(false)}`, "echo answer; echo more");
    expect(stdout).toContain("Welcome!");
    expect(answerOf(host, finished(stdout, "noise", 3))).toEqual(finished("answer\nmore\n", "noise", 3));
});

it("a file is put there for its owner only, whatever its name holds", () => {
    const folder = mkdtempSync(join(tmpdir(), "qptunnel ssh-"));
    try {
        const path = join(folder, "a file");
        inShell("sh", uploadCommand(path, false), "content");
        expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["content", 0o600]);
    } finally {
        rmSync(folder, { recursive: true });
    }
});

it("with sudo it is sudo that starts both", () => {
    for (const command of [bashCommand(true), uploadCommand("/x", true)]) expect(command).toContain("sudo -n -- ");
    for (const command of [bashCommand(false), uploadCommand("/x", false)]) expect(command).not.toContain("sudo");
});

describe("no answer", () => {
    const begun = inShell("sh", bashCommand(false), "");

    it.each([
        ["sudo: a password is required", "sudo asks for a password"],
        ["sudo: sorry, you must have a tty to run sudo", "sudo requires a terminal"],
        ["admin is not here\nsudo: unknown", "sudo does not work: unknown"],
    ])("with %s says so", (stderr, problem) => {
        expect(() => answerOf(host, finished(begun, stderr, 1))).toThrow(problem);
    });

    it("of an account without a shell quotes what it printed, without what a terminal would act on", () => {
        const refused = () => answerOf(host, finished("This account\u001b[2J is not available.\n", "", 1));
        expect(refused).toThrow("exit code 1; it printed: This account[2J is not available.");
    });
});
