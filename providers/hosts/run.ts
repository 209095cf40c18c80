import { spawn } from "node:child_process";

import { HostError } from "../../core/errors.js";

export interface Finished {
    code: number | null;
    stdout: string;
    stderr: string;
}

/**
 * Runs a command with text on its standard input. It gets a process group of its own, so that Ctrl-C in a terminal
 * ends neither a transaction halfway nor the processes that it started.
 *
 * @param timeout seconds after which it is ended and the call fails; default: an hour, for slow package mirrors
 * @throws HostError when it cannot be started or did not end in time
 */
export function run(
    command: string[],
    input: string | Buffer,
    timeout = 3600,
    env?: NodeJS.ProcessEnv,
): Promise<Finished> {
    const [program = "", ...args] = command;
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
            detached: true,
            stdio: ["pipe", "pipe", "pipe"],
            ...(env === undefined ? {} : { env }),
        });
        const timer = setTimeout(() => {
            child.kill("SIGTERM");
            reject(
                new HostError(
                    program,
                    `did not end within ${timeout} s`,
                    "look at what the machine is doing, then apply again",
                ),
            );
        }, timeout * 1000);
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
        child.on("error", (cause) => {
            clearTimeout(timer);
            reject(
                new HostError("this machine", `${program} cannot be run (${cause.message})`, `install ${program}`, {
                    cause,
                }),
            );
        });
        child.on("close", (code) => {
            clearTimeout(timer);
            resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
        });
        // A program that refuses at its first line closes its input; its answer says why.
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
    });
}
