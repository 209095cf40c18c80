import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";

import { HostError } from "../../core/errors.js";

/** For slow package mirrors. */
export const PATIENCE_SECONDS = 3600;

export interface Finished {
    code: number | null;
    stdout: string;
    stderr: string;
}

/**
 * Runs a command with text on its standard input. It gets a process group of its own, so that Ctrl-C in a terminal
 * ends neither a transaction halfway nor the processes that it started.
 *
 * @param timeout seconds after which it is ended and the call fails
 * @throws HostError when it cannot be started or did not end in time
 */
export function run(
    command: string[],
    input: string | Buffer,
    timeout = PATIENCE_SECONDS,
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
            reject(lateError(program, timeout));
        }, timeout * 1000);
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
        child.on("error", (cause) => {
            clearTimeout(timer);
            reject(unstartedError(program, cause));
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

export function lateError(program: string, seconds: number): HostError {
    return new HostError(
        program,
        `did not end within ${seconds} s`,
        "check what the machine is doing, then apply again",
    );
}

export function unstartedError(program: string, cause: Error): HostError {
    const what = program === "ssh" ? "the OpenSSH client" : program;
    return new HostError("this machine", `${program} cannot be run (${cause.message})`, `install ${what}`, { cause });
}

/**
 * A program's input and output as one stream. When the program fails, the stream ends with the reason.
 *
 * @param explain makes an error of what it printed to standard error
 */
export function streamOf(child: ChildProcessWithoutNullStreams, explain: (stderr: string) => Error): Duplex {
    const stream = new Duplex({
        read: () => child.stdout.resume(),
        write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
        final: (done) => void child.stdin.end(() => done()),
        destroy: (error, done) => {
            child.kill();
            done(error);
        },
    });
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
        if (!stream.push(chunk)) child.stdout.pause();
    });
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => stream.destroy(error));
    child.on("close", (code) => {
        if (stream.destroyed) return;
        if (code === 0) stream.push(null);
        else stream.destroy(explain(stderr));
    });
    return stream;
}

/** What is undone when this process ends, with one listener however many there are. */
const closing: (() => void)[] = [];

export function closeAtExit(close: () => void): void {
    if (closing.length === 0) process.once("exit", () => closing.forEach((one) => one()));
    closing.push(close);
}
