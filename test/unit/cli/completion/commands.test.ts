import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

it("bash completes with what the command says, and hands the words over as they are", async () => {
    const { code, stdout } = await run("completion", "bash");
    expect(code).toBe(0);
    const stub = join(scratch.path, "qp-tunnel");
    writeFileSync(stub, '#!/bin/sh\nprintf "%s\\n" "$#:$*" "plain" "told\twith words"\n');
    chmodSync(stub, 0o755);
    const script = `${stdout}
        COMP_WORDS=(qp-tunnel config "a b" --for); COMP_CWORD=3
        _qp_tunnel qp-tunnel
        printf '[%s]' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, PATH: `${scratch.path}:${process.env["PATH"]}` };
    expect(execFileSync("bash", ["-c", script], { encoding: "utf8", env })).toBe(
        "[5:__complete -- config a b --for][plain][told]",
    );
});

it.each(["zsh", "fish"])("prints a script for %s", async (shell) => {
    const { code, stdout } = await run("completion", shell);
    expect([code, stdout]).toEqual([0, expect.stringContaining("__complete --")]);
});

it("a shell nobody knows is wrong usage", async () => {
    expect(await run("completion", "csh")).toEqual({
        code: 2,
        stdout: "",
        stderr: "error: completion: csh is not a supported shell; choose bash, zsh or fish\n",
    });
});

it("the command offers its own subcommands, with what they do", async () => {
    const { code, stdout } = await run("__complete", "--", "sta");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^status\tquery the relays: .*\n$/)]);
    expect((await run("__complete", "--", "config", "--format", "r")).stdout).toBe("routeros\n");
});
