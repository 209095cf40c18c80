import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

import { HostError, HostUnreachable } from "../../core/errors.js";
import type { LocalHost } from "./host.js";

/**
 * The machine the program runs on, or one of its network namespaces (laboratory, demo, tests).
 *
 * @param options.namespace a named network namespace (`ip netns`); default: the machine itself
 */
export function local(options: { namespace?: string } = {}): LocalHost {
    return { kind: "local", ...(options.namespace === undefined ? {} : { namespace: options.namespace }) };
}

export interface Finished {
    code: number | null;
    stdout: string;
    stderr: string;
}

/** Runs bash with the text on standard input, as the relay's program expects it. */
export function runLocal(host: LocalHost, input: string): Promise<Finished> {
    return runIn(host, ["bash", "-s"], input);
}

/**
 * Runs a command where the relay is. It gets a process group of its own, so that Ctrl-C in a terminal ends neither
 * a transaction halfway nor the processes that it started.
 */
export function runIn(host: LocalHost, command: string[], input: string): Promise<Finished> {
    const [program, ...args] = [...enter(host), ...command];
    return new Promise((resolve, reject) => {
        const child = spawn(program as string, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
        child.on("error", (cause) => {
            reject(
                new HostError(
                    "this machine",
                    `${program} cannot be run (${cause.message})`,
                    "install util-linux and bash",
                    { cause },
                ),
            );
        });
        child.on("close", (code) =>
            resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
        );
        // A program that refuses at its first line closes its input; its answer says why.
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
    });
}

function enter(host: LocalHost): string[] {
    if (host.namespace === undefined) return [];
    const file = `/run/netns/${host.namespace}`;
    if (!existsSync(file)) {
        throw new HostUnreachable(
            `namespace ${host.namespace}`,
            "there is no such network namespace on this machine",
            `create it with \`ip netns add ${host.namespace}\`, or correct hosts.local({ namespace })`,
        );
    }
    if (process.getuid?.() !== 0) {
        throw new HostError(
            "this machine",
            "entering a network namespace needs root",
            "run as root, for instance with sudo",
        );
    }
    return ["nsenter", `--net=${file}`, "--"];
}
