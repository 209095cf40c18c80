import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** What a command left behind. `code` is null when a signal ended it. */
export interface Outcome {
    code: number | null;
    stdout: string;
    stderr: string;
}

export interface ExecOptions {
    /** Written to its standard input. Default: nothing. */
    input?: string;
    /** Milliseconds, 120 000 by default, for a loaded machine; then it is killed and the call fails. */
    timeout?: number;
    /** In addition to this process's environment. */
    env?: Record<string, string>;
}

/** Runs a command to its end; whatever its exit status, this resolves. */
export async function execute(argv: string[], options: ExecOptions = {}): Promise<Outcome> {
    const { input = "", timeout = 120_000, env = {} } = options;
    // A process group of its own: an interrupt typed at the terminal must not tear a command in two.
    const child = spawn(argv[0]!, argv.slice(1), { detached: true, env: { ...process.env, ...env } });
    const outcome: Outcome = { code: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (outcome.stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (outcome.stderr += chunk));
    child.stdin.on("error", ignoreClosedPipe).end(input);
    let late = false;
    const timer = setTimeout(() => {
        late = true;
        process.kill(-child.pid!, "SIGKILL");
    }, timeout);
    try {
        [outcome.code] = (await once(child, "close")) as [number | null];
    } finally {
        clearTimeout(timer);
    }
    if (late) throw new Error(`no end after ${timeout} ms: ${argv.join(" ")}\n${outcome.stderr}`);
    return outcome;
}

/** A line a program says: one JSON object. */
export type Message = Record<string, unknown>;

/**
 * One of the laboratory's own programs (programs/*.mjs), running. It says JSON lines and ends with its standard input, so it
 * cannot outlive this process.
 */
export class Program {
    readonly messages: Message[] = [];
    readonly #child: ChildProcessWithoutNullStreams;
    readonly #ended: Promise<unknown>;
    #stderr = "";
    #over = false;
    #wake: () => void = () => {};
    #changed = this.#arm();

    private constructor(prefix: string[], program: string, args: string[]) {
        const argv = [...prefix, ...punctual(program), process.execPath, programPath(program), ...args];
        this.#child = spawn(argv[0]!, argv.slice(1), { detached: true });
        this.#ended = once(this.#child, "close").finally(() => {
            this.#over = true;
            this.#notify();
        });
        this.#child.stderr.setEncoding("utf8").on("data", (chunk: string) => (this.#stderr += chunk));
        this.#child.stdin.on("error", ignoreClosedPipe);
        createInterface(this.#child.stdout).on("line", (line) => {
            this.messages.push(JSON.parse(line) as Message);
            this.#notify();
        });
    }

    /** Starts a program. With `ready`, waits until it says so. */
    static async start(prefix: string[], program: string, args: string[], ready = true): Promise<Program> {
        const started = new Program(prefix, program, args);
        if (ready) await started.next((message) => message["ready"] === true);
        return started;
    }

    /** The first message that fits, said already or later. Fails when the program ends without it. */
    async next(fits: (message: Message) => boolean): Promise<Message> {
        for (let seen = 0; ;) {
            for (; seen < this.messages.length; seen++) {
                if (fits(this.messages[seen]!)) return this.messages[seen]!;
            }
            if (this.#over)
                throw new Error(`${this.#child.spawnargs.join(" ")} ended without an answer\n${this.#stderr}`);
            await this.#changed;
        }
    }

    tell(line: string): void {
        this.#child.stdin.write(`${line}\n`);
    }

    async stop(): Promise<void> {
        this.#child.stdin.end();
        await this.#ended;
    }

    #notify(): void {
        const wake = this.#wake;
        this.#changed = this.#arm();
        wake();
    }

    #arm(): Promise<void> {
        return new Promise((resolve) => (this.#wake = resolve));
    }
}

export function programPath(program: string): string {
    return join(__dirname, "programs", `${program}.mjs`);
}

/**
 * What counts lost datagrams, and what carries them, runs before everything else on the machine: a busy one that leaves them
 * waiting lets their sockets overflow, which says nothing about a relay. Its command goes behind this prefix.
 */
export function punctual(program: string): string[] {
    if (!/^(udp-(echo|probe)|wireguard-go)$/.test(program)) return [];
    mayBePunctual ??= spawnSync("chrt", ["--rr", "1", "true"], { stdio: "ignore" }).status === 0;
    return mayBePunctual ? ["chrt", "--rr", "1"] : [];
}

/** Whether this machine lets us; a container may not. */
let mayBePunctual: boolean | undefined;

/** A program that ended before it read its input tells why by its exit status. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
    if (error.code !== "EPIPE") throw error;
}
