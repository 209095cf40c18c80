import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Outcome } from "../../test/lab/index.js";

const root = dirname(dirname(__dirname));

/** This repository's own Pulumi program, and what it needs. */
const COPIED = ["Pulumi.yaml", "examples/local/index.ts", "examples/local/tsconfig.json"];
const LINKED = ["package.json", "tsconfig.json", "dist", "node_modules", "plugin"];

/**
 * This repository's Pulumi project in another folder, where the stack's settings, its state and its log land. The engine is the real
 * one; it talks to nobody.
 */
export class Project {
    readonly stack = "demo";
    #running: ChildProcess | undefined;
    #interrupted = false;

    /** @param folder empty, private */
    constructor(private readonly folder: string) {
        for (const part of COPIED) cpSync(join(root, part), join(folder, part));
        for (const part of LINKED) symlinkSync(join(root, part), join(folder, part));
        for (const own of ["state", "tmp"]) mkdirSync(join(folder, own));
    }

    /** The sealed log. */
    get log(): string {
        return join(this.folder, "audit", `${this.stack}.jsonl`);
    }

    logLines(): string[] {
        return readFileSync(this.log, "utf8").trimEnd().split("\n");
    }

    /** Runs `pulumi` to its end, whatever its exit status. */
    run(...args: string[]): Promise<Outcome> {
        return this.#execute("pulumi", [...args, "--non-interactive", "--color", "never"]);
    }

    /** Runs `pulumi`, which has to succeed; its standard output. */
    async pulumi(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await this.run(...args);
        if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
        return stdout;
    }

    /** Runs this package's own command. */
    tunnel(...args: string[]): Promise<Outcome> {
        return this.#execute(process.execPath, [join(root, "dist/cli/main.js"), ...args]);
    }

    async outputs(): Promise<Record<string, unknown>> {
        return JSON.parse(await this.pulumi("stack", "output", "--json", "--show-secrets")) as Record<string, unknown>;
    }

    /** Asks a running engine to stop: its plugin finishes what it has begun. After ten seconds it is killed. Nothing runs after this. */
    async interrupt(): Promise<void> {
        this.#interrupted = true;
        const child = this.#running;
        if (child === undefined) return;
        const ended = once(child, "close");
        child.kill("SIGINT");
        const timer = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), 10_000);
        await ended;
        clearTimeout(timer);
    }

    async #execute(command: string, args: string[]): Promise<Outcome> {
        if (this.#interrupted) return new Promise(() => {}); // The process is about to end; nothing new begins.
        // A process group of its own: an interrupt typed at the terminal is for the demo, which tells the engine once.
        const child = spawn(command, args, {
            cwd: this.folder,
            env: this.#environment,
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.#running = child;
        const outcome: Outcome = { code: null, stdout: "", stderr: "" };
        child.stdout.setEncoding("utf8").on("data", (text: string) => (outcome.stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
        try {
            [outcome.code] = (await once(child, "close")) as [number | null];
        } finally {
            this.#running = undefined;
        }
        return outcome;
    }

    get #environment(): NodeJS.ProcessEnv {
        // Settings of the person's own stacks are not for this one.
        const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"));
        return {
            ...Object.fromEntries(inherited),
            PULUMI_HOME: join(this.folder, "pulumi"),
            PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "only for this demo",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            // The program's types are checked with the rest of this repository.
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            TMPDIR: join(this.folder, "tmp"),
            XDG_CONFIG_HOME: join(this.folder, "config"),
        };
    }
}

/** The sentences of a preview, update or refresh: what it says under "Diagnostics", without the headings. */
export function sentences(output: string): string[] {
    const lines = output.split("\n");
    const start = lines.indexOf("Diagnostics:");
    if (start < 0) return [];
    const end = lines.findIndex((line, index) => index > start && /^\S/.test(line));
    const found = lines.slice(start + 1, end < 0 ? undefined : end).filter((line) => line.startsWith("    "));
    return [...new Set(found.map((line) => line.trim()))];
}

/** The lines under "Resources:", in one: "20 created", "2 changed, 1 deleted, 15 unchanged". */
export function resources(output: string): string {
    const lines = output.split("\n");
    const start = lines.indexOf("Resources:");
    if (start < 0) return "";
    const end = lines.findIndex((line, index) => index > start && !line.startsWith("    "));
    return lines
        .slice(start + 1, end < 0 ? undefined : end)
        .map((line) => line.replace(/^[\s+~-]+/, ""))
        .join(", ");
}
