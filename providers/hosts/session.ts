import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";

import type { HostError } from "../../core/errors.js";
import { type Finished, lateError, unstartedError } from "./run.js";

/** What a request came to. */
export interface Answered extends Finished {
    /** Whether the process ended instead of answering; then `code` is its own. */
    ended: boolean;
}

/**
 * A process that answers requests one after the other, as serve.sh does, until its standard input ends. It keeps this process from
 * ending only while it is asked something.
 */
export class Session {
    private output = new Output();
    private errors = new Output();
    private asked: { settle(code: number | null, ended: boolean): void; fail(error: HostError): void } | undefined;
    private over = false;

    /**
     * @param name what was started, for messages
     * @param start what it reads before the first request
     * @param hasStarted whether the program that reads it runs; otherwise it does from its first output on
     */
    constructor(
        private readonly child: ChildProcessWithoutNullStreams,
        private readonly name: string,
        start: string,
        private hasStarted = true,
    ) {
        child.stdout.on("data", (chunk: Buffer) => this.read(this.output, chunk));
        child.stderr.on("data", (chunk: Buffer) => this.read(this.errors, chunk));
        // One that refuses at its first line closes its input; its answer says why.
        child.stdin.on("error", () => undefined);
        child.on("error", (cause) => {
            this.over = true;
            this.asked?.fail(unstartedError(name, cause));
        });
        child.on("exit", () => (this.over = true));
        child.on("close", (code) => this.asked?.settle(code, true));
        child.stdin.write(start);
        child.stdout.once("data", () => (this.hasStarted = true));
        this.hold(false);
    }

    /** Whether it may be asked something. */
    get isOpen(): boolean {
        return !this.over;
    }

    /**
     * Asks, and waits for the answer. One thing at a time, the first one at once: a process that cannot be started says so then.
     *
     * @param seconds after which the session is ended and the call fails; they count from when its program has started
     */
    ask(request: string, seconds: number): Promise<Answered> {
        const nonce = randomBytes(8).toString("hex");
        for (const output of [this.output, this.errors]) output.await(nonce);
        return new Promise((resolve, reject) => {
            const done = (): { stdout: string; stderr: string } => {
                clearTimeout(timer);
                this.hold(false);
                const said = { stdout: this.output.text(), stderr: this.errors.text() };
                this.asked = undefined;
                this.child.stdout.removeListener("data", count);
                [this.output, this.errors] = [new Output(), new Output()];
                return said;
            };
            this.asked = {
                settle: (code, ended) => resolve({ code, ...done(), ended }),
                fail: (error) => reject((done(), error)),
            };
            let timer: NodeJS.Timeout | undefined;
            const count = (): void => {
                timer ??= setTimeout(() => {
                    this.close();
                    this.asked?.fail(lateError(this.name, seconds));
                }, seconds * 1000);
            };
            if (this.hasStarted) count();
            else this.child.stdout.once("data", count);
            this.hold(true);
            this.child.stdin.write(`${nonce} ${Buffer.byteLength(request)}\n${request}`);
        });
    }

    /** What is under way on the machine goes on there, to its end or until it says something. */
    close(): void {
        this.over = true;
        this.child.kill("SIGTERM");
    }

    /** There are no more requests: it ends by itself. */
    end(): void {
        this.over = true;
        this.child.stdin.end();
    }

    private read(output: Output, chunk: Buffer): void {
        output.add(chunk);
        const { status } = this.output;
        if (status !== undefined && this.errors.status !== undefined) this.asked?.settle(Number(status), false);
    }

    private hold(waits: boolean): void {
        const { stdin, stdout, stderr } = this.child;
        for (const handle of [this.child, ...[stdin, stdout, stderr].map((stream) => stream as unknown as Socket)])
            if (waits) handle.ref();
            else handle.unref();
    }
}

/** Longer than the line with which an answer ends. */
const END_LENGTH = 64;

/** What is printed until the line that ends an answer: "@@ NONCE", and on standard output the exit status. */
class Output {
    private readonly chunks: Buffer[] = [];
    private last = "";
    private end = /(?!)/;
    /** What the line says besides; undefined until it is there. */
    status: string | undefined;

    await(nonce: string): void {
        this.end = new RegExp(`\\n@@ ${nonce}(?: (\\d+))?\\n`);
    }

    add(chunk: Buffer): void {
        this.chunks.push(chunk);
        const text = this.last + chunk.toString("latin1");
        this.status ??= this.end.exec(text)?.slice(1).join("");
        this.last = text.slice(-END_LENGTH);
    }

    text(): string {
        return Buffer.concat(this.chunks).toString().replace(this.end, "");
    }
}

/** Requests to one machine, one after the other: over a session that the first one opens, and one after a session that is over. */
export class Sessions {
    private session: Session | undefined;
    private turn: Promise<unknown> = Promise.resolve();

    constructor(private readonly open: () => Promise<Session>) {}

    /**
     * @param finish makes a result of an answer, before the next request; `isFirst`: of its session
     */
    ask<T>(request: string, seconds: number, finish: (answer: Answered, isFirst: boolean) => T): Promise<T> {
        const answer = this.turn.then(async () => {
            const kept = this.session?.isOpen === true ? this.session : undefined;
            const session = kept ?? (this.session = await this.open());
            return finish(await session.ask(request, seconds), kept === undefined);
        });
        this.turn = answer.catch(() => undefined);
        return answer;
    }

    close(): void {
        this.session?.close();
        this.session = undefined;
    }
}
