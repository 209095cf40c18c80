import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { programOnInput, relayProgram } from "../../../../providers/hosts/program.js";

const program = relayProgram();

describe("the relay's program, joined from its parts", () => {
    it("is bash", () => {
        const { status, stderr } = spawnSync("bash", ["-n"], { input: program, encoding: "utf8" });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });

    it("is clean for shellcheck, which must be installed to say so", () => {
        // SC2317, in newer versions SC2329: functions that are called by name of the step seem to be unreachable.
        const options = ["--norc", "-s", "bash", "-e", "SC2317,SC2329", "-"];
        const { error, status, stdout } = spawnSync("shellcheck", options, { input: program, encoding: "utf8" });
        expect(error).toBeUndefined();
        expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    });

    it("has every part that lies there", () => {
        const folder = join(__dirname, "../../../../providers/relay");
        const parts = readdirSync(folder).filter((name) => name.endsWith(".sh"));
        expect(parts.length).toBeGreaterThan(3);
        for (const part of parts) {
            expect(program).toContain(readFileSync(join(folder, part), "utf8"));
        }
    });

    it("calls no function that is not there: bash says so only when it comes to that line", () => {
        const text = program.replace(/^\s*#.*$/gm, "");
        const defined = new Set(Array.from(text.matchAll(/^\s*([a-z_][a-z0-9_]*)\(\)/gm), ([, name]) => name));
        const start = String.raw`(?:^|[;&|!({]|\b(?:then|do|else|if|while|until)\b)[ \t]*`;
        const called = text.matchAll(new RegExp(`${start}([a-z]+(?:_[a-z0-9]+)+)\\b(?![=+([.]|\\])`, "gm"));
        const missing = new Set(Array.from(called, ([, name]) => name).filter((name) => !defined.has(name)));
        // Arrays of an awk program.
        expect([...missing].sort()).toEqual(["by_key", "by_name"]);
    });

    it("evaluates no text as program, and starts at its last line only", () => {
        expect(program).not.toMatch(/^\s*eval\b|[;&|]\s*eval\b/m);
        expect(program.trimEnd().split("\n").at(-1)).toBe('{ main "$@"; exit; }');
    });

    it("ends what follows it: the bundle behind the last line is read, never run", () => {
        const bundle = "@manifest\n step\tfacts\ntouch /tmp/never\n";
        const { status, stdout } = spawnSync("bash", ["-s"], {
            input: `${program.replace(/^\{ main .*$/m, "{ cat; exit; }")}\n${bundle}`,
            encoding: "utf8",
        });
        expect({ status, stdout }).toEqual({ status: 0, stdout: `\n${bundle}` });
    });

    it("is read in one piece, and still fails at the line that fails", () => {
        const last = '{ grep ^syscr "/proc/$$/io"; sed "s/^/read: /"; false; echo never; exit; }';
        const { status, stdout } = spawnSync("bash", ["-s"], {
            input: `${programOnInput(program.replace(/^\{ main .*$/m, () => last))}@manifest\n`,
            encoding: "utf8",
        });
        const [reads = "", ...others] = stdout.split("\n");
        // From standard input bash reads a program byte by byte, as nothing of what follows may be taken from it.
        expect(Number(reads.split(" ")[1])).toBeLessThan(program.length / 10);
        const line = program.trimEnd().split("\n").length;
        expect(others.slice(0, 2)).toEqual(["read: @manifest", "@error"]);
        expect(others[2]).toBe(` line ${line} of the relay program, step start: false`);
        expect(status).toBe(1);
    });

    it("refuses every user but root, before anything else", () => {
        const drop = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
        const [command = "bash", ...args] = [...drop, "bash", "-s"];
        const { status, stdout } = spawnSync(command, args, {
            input: `${program}\n@manifest\n step\tfacts\n`,
            encoding: "utf8",
        });
        expect(status).toBe(3);
        expect(stdout).toMatch(/^@refused\n changing a relay needs root, this is user .*\n run as root/);
    });
});
