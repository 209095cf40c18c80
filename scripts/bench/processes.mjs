// Runs a program, and says how long it took, how much of a processor, and how much memory one of its descendants had at
// most. The processor's time is that of the program and of all it waited for, and tells more than the clock when the
// machine is busy with something else.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * @param {string[]} argv
 * @param {{ cwd?: string, env?: Record<string, string>, watch?: string }} options `watch`: a text in the command line
 *     of the descendant whose memory is wanted
 * @returns {Promise<{ seconds: number, cpu: number, megabytes: number, stdout: string }>} one run at a time: `cpu`
 *     counts every child that ended meanwhile
 */
export function timed([command, ...args], { cwd, env, watch } = {}) {
    return new Promise((resolve, reject) => {
        const started = process.hrtime.bigint();
        const before = cpuOfChildren();
        const child = spawn(command, args, {
            cwd,
            env: { ...process.env, ...env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let megabytes = 0;
        const look = () => (megabytes = Math.max(megabytes, peakOf(child.pid, watch)));
        const watcher = watch === undefined ? undefined : setInterval(look, 25);
        let stdout = "";
        let all = "";
        child.stdout.on("data", (chunk) => ((stdout += chunk), (all += chunk)));
        child.stderr.on("data", (chunk) => (all += chunk));
        child.on("error", reject);
        child.on("close", (code, signal) => {
            clearInterval(watcher);
            const [seconds, cpu] = [secondsSince(started), cpuOfChildren() - before];
            if (code === 0) resolve({ seconds, cpu, megabytes, stdout });
            else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}:\n${all.slice(-4000)}`));
        });
    });
}

/** @param {bigint} started of process.hrtime.bigint */
export function secondsSince(started) {
    return Number(process.hrtime.bigint() - started) / 1e9;
}

/** Seconds of all children that have ended: cutime and cstime of proc(5), in ticks of a hundredth of a second. */
function cpuOfChildren() {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Largest resident set so far, MB, of a descendant whose command line has the text in it. */
function peakOf(pid, text) {
    try {
        const own = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text) ? highWater(pid) : 0;
        return Math.max(own, ...childrenOf(pid).map((child) => peakOf(child, text)));
    } catch {
        // It has just ended.
        return 0;
    }
}

/** Children hang on the thread that started them, and the engine has several. */
function childrenOf(pid) {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
        readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
    );
}

function highWater(pid) {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
}
