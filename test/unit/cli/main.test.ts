import { version } from "../../../package.json";
import { run } from "./run.js";

test("it knows its version", async () => {
    expect(await run("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("help names the commands and the exit codes", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const part of ["audit", "init", "Exit codes:", "1  a problem was found", "2  wrong usage"])
        expect(stdout).toContain(part);
});

test("help of an export tells how to verify it without this software", async () => {
    expect((await run("audit", "export", "--help")).stdout).toContain(
        "capsule verify --pubkey <public key> capsules.json",
    );
});

test.each([
    [["nonsense"], "error: unknown command 'nonsense'"],
    [["audit", "verify"], "error: missing required argument 'file'"],
    [["audit", "verify", "x", "--quick"], "error: unknown option '--quick'"],
    [["audit", "export", "x"], "error: required option '--format <name>' not specified"],
])("%j is wrong usage", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
});
