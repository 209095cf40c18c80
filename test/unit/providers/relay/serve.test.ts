import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";

import { programOnInput, relayProgram } from "../../../../providers/hosts/program.js";
import { serving } from "../../../lab/serving.js";

function serve(program: string, requests: string): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("bash", ["-s"], {
        input: `${programOnInput(program)}${requests}`,
        encoding: "utf8",
    });
    return { status, stdout, stderr };
}

const framed = (nonce: string, request: string): string => `${nonce} ${Buffer.byteLength(request)}\n${request}`;

it("requests are answered one after the other, and what one sets or fails at is not the next one's", () => {
    const program = serving('echo "${set-unset}"; read -r set; [[ "$set" != bad ]]; echo "$set"');
    expect(serve(program, framed("a", "good\n") + framed("b", "bad\n") + framed("c", "höher\n"))).toEqual({
        status: 0,
        stdout: "unset\ngood\n\n@@ a 0\nunset\n\n@@ b 1\nunset\nhöher\n\n@@ c 0\n",
        stderr: "\n@@ a\n\n@@ b\n\n@@ c\n",
    });
});

it("a request that was cut off is not begun", () => {
    const program = serving("cat");
    expect(serve(program, `${framed("a", "whole")}b 9\nnot`)).toEqual({
        status: 1,
        stdout: "whole\n@@ a 0\n",
        stderr: "\n@@ a\n",
    });
});

it("the relay's program answers each request as it would one on its own, and says where it failed", () => {
    const request = "@manifest\n step\tnothing\n name\tserve-wg0\n interface\twg0\n etc\t/nowhere\n run\t/nowhere\n";
    const failing = relayProgram().replace(
        /^ {4}check_basics$/m,
        `    check_basics\n    unpack\n    sha256sum <"$work/program" >&2\n    false`,
    );
    const { stdout, stderr } = serve(failing, framed("a", request) + framed("b", request));
    const [first, second] = stdout.split(/\n@@ [ab] (?=1\n)/);
    if (process.getuid?.() === 0) {
        expect(first).toMatch(/^@error\n line \d+ of the relay program, step nothing: false\n .*\n$/);
        // What starts at boot is the program of the session, whatever is asked.
        const sum = createHash("sha256").update(failing).digest("hex");
        expect(stderr.split(/\n@@ [ab]\n/)).toEqual([`${sum}  -\n`, `${sum}  -\n`, ""]);
    }
    expect(second).toBe(`1\n${first}`);
});
