// Runs the qp-tunnel commands that claims name, in the project of a stack that the caller names, with the version that it uses.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * @param {any} compliance core/compliance
 * @param {object} controls
 * @param {{ stack?: string, project?: string, log?: string }} options
 * @returns how each command ended; none without a stack
 */
export function runCommands(compliance, controls, { stack, project = ".", log }) {
    if (stack === undefined) return [];
    const folder = mkdtempSync(join(tmpdir(), "qptunnel-state-"));
    try {
        const place = { stack, log: log ?? join("audit", `${stack}.jsonl`), state: join(folder, "state.json") };
        exportState(place, project);
        return compliance.commandChecks(controls).map((check) => {
            const args = ["--no", "qp-tunnel", ...compliance.commandArguments(check, place)];
            const { status, stdout, stderr } = run("npx", args, project);
            return { check, ...(status === null ? {} : { status }), said: stderr.trim() === "" ? stdout : stderr };
        });
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** The state is exported once, with its secrets encrypted, into a folder that only this user can read. */
function exportState({ stack, state }, project) {
    const { status, stderr, error } = run("pulumi", ["stack", "export", "--stack", stack, "--file", state], project);
    if (status === 0) return;
    throw new Error(
        `stack ${stack}: cannot be exported (${error?.message ?? stderr.trim()}); name the project with --project`,
    );
}

function run(command, args, project) {
    const result = spawnSync(command, args, { cwd: resolve(project), encoding: "utf8" });
    return { ...result, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
}
