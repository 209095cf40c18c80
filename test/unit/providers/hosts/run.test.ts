import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { HostError } from "../../../../core/errors.js";
import { run, streamOf } from "../../../../providers/hosts/run.js";

describe("a command", () => {
    it("is given its input and gives all it printed, and how it ended", async () => {
        const big = "x".repeat(1_000_000);
        expect(await run(["sh", "-c", "cat; echo bad >&2; exit 3"], big)).toEqual({
            code: 3,
            stdout: big,
            stderr: "bad\n",
        });
    });

    it("that does not read its input is no failure", async () => {
        expect(await run(["true"], "x".repeat(1_000_000))).toMatchObject({ code: 0 });
    });

    it("is in a process group of its own", async () => {
        const { stdout } = await run(["sh", "-c", "echo $$ $(ps -o pgid= -p $$)"], "");
        const [pid, group] = stdout.trim().split(/\s+/);
        expect(group).toBe(pid);
    });

    it("sees the environment that it is given, and no other", async () => {
        const env = { PATH: process.env["PATH"], ONLY: "this" };
        expect((await run(["env"], "", 60, env)).stdout).toContain("ONLY=this");
        expect((await run(["env"], "", 60, env)).stdout).not.toContain("HOME=");
    });

    it("that is not there is an error that names it", async () => {
        await expect(run(["no-such-program"], "")).rejects.toThrow("this machine: no-such-program cannot be run");
    });

    it("is ended when it takes too long", async () => {
        await expect(run(["sleep", "600"], "", 0.1)).rejects.toBeInstanceOf(HostError);
    });
});

describe("a program as a stream", () => {
    const stream = (script: string) =>
        streamOf(spawn("sh", ["-c", script], { stdio: "pipe" }), (said) => new Error(`it said: ${said.trim()}`));

    it("hands bytes on, both ways, and ends with it", async () => {
        const through = stream("tr a-z A-Z");
        through.end("hello");
        expect(await text(through)).toBe("HELLO");
    });

    it("ends with the reason when it fails", async () => {
        const [error] = (await once(stream("echo no route >&2; exit 1").resume(), "error")) as [Error];
        expect(error.message).toBe("it said: no route");
    });

    it("destroyed, ends the program", async () => {
        const child = spawn("sleep", ["600"], { stdio: "pipe" });
        streamOf(child, () => new Error("never")).destroy();
        expect(await once(child, "close")).toEqual([null, "SIGTERM"]);
    });
});
