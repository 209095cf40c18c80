// Runs programs for the scripts here: quietly, with a line now and then while they take their time.

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { cache } from "./cache.mjs";

/** A line for the person who waits. Standard output belongs to results. */
export function say(line) {
    process.stderr.write(`${line}\n`);
}

/** What a program printed on standard output; undefined if it could not be run or failed. */
export async function outputOf(command, args, { timeout = 10_000 } = {}) {
    try {
        return (await finished(command, args, { timeout })).stdout.trim();
    } catch {
        return undefined;
    }
}

/** Runs a long step, says what it is and every ten seconds how long it has taken. Throws with the end of its output. */
export async function step(label, command, args, options = {}) {
    const started = Date.now();
    const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
    say(`${label} …`);
    const ticker = setInterval(() => say(`${label} … ${elapsed()}`), 10_000);
    try {
        await finished(command, args, options);
        say(`${label}: done in ${elapsed()}`);
    } finally {
        clearInterval(ticker);
    }
}

/** Where a command is: in the directories of PATH, and in those that an ordinary user's PATH leaves out. */
export function which(command, directories = searchPath()) {
    return directories.map((directory) => join(directory, command)).find(isExecutable);
}

export function searchPath() {
    // What was put on PATH for a caller of the toolchain is for that caller: the next may not have it.
    const isOurs = (directory) => dirname(directory) === join(cache, "bin");
    const path = (process.env.PATH ?? "").split(delimiter).filter((entry) => entry !== "" && !isOurs(entry));
    return [...path, "/usr/local/sbin", "/usr/sbin", "/sbin"];
}

function isExecutable(file) {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, timeout?: number }} options
 * @returns {Promise<{ stdout: string }>}
 */
function finished(command, args, { cwd, env, timeout } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, {
            cwd,
            env: { ...process.env, ...env },
            timeout,
            stdio: ["ignore", "pipe", "pipe"],
        });
        let stdout = "";
        let all = "";
        child.stdout.on("data", (chunk) => ((stdout += chunk), (all += chunk)));
        child.stderr.on("data", (chunk) => (all += chunk));
        child.on("error", reject);
        child.on("close", (code, signal) => {
            if (code === 0) resolve({ stdout });
            else
                reject(
                    new Error(
                        `${command} ended with ${signal ?? code}:\n${all.trim().split("\n").slice(-15).join("\n")}`,
                    ),
                );
        });
    });
}
