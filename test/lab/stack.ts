import { execFileSync } from "node:child_process";
import {
    chmodSync,
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { AuditLine } from "../../core/audit/record.js";
import { unpacked } from "../../core/packed/index.js";
import { endOrphans } from "./orphans.js";
import { type Outcome, execute, programPath } from "./processes.js";

/** What the program declares, in the words of the components; `publicKey` makes a peer plain data, and `host` has a `namespace` or `ssh`. */
export interface Declared {
    /** Of the network namespace the relay is in. */
    namespace?: string;
    interface: string;
    peers: { name: string; publicKey?: unknown; [argument: string]: unknown }[];
    services?: { name: string; upstream: unknown; [argument: string]: unknown }[];
    grants?: { from: unknown; to: unknown; ports: string[] }[];
    audit?: Record<string, unknown>;
    [argument: string]: unknown;
}

/** What came of one run of the engine. */
export interface Run {
    code: number | null;
    /** Standard output, then standard error, without colours. */
    text: string;
    stdout: string;
}

/** One step of `pulumi preview --json`. */
export interface Step {
    op: string;
    urn: string;
    detailedDiff?: Record<string, { kind: string; inputDiff: boolean }> | null;
    newState?: { outputs?: Record<string, unknown> };
}

export interface Plan {
    /** Of resources that change, by their logical name. */
    steps: Record<string, Step>;
    /** What the plugin said, by the logical name of the resource. */
    words: Record<string, string[]>;
    changeSummary: Record<string, number>;
}

/** A resource in the state. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/**
 * A scratch project with a backend, a plugin cache and a configuration folder of its own, and the real engine on it.
 * Its program is programs/relay.js; a test changes what that declares.
 */
export class Stack {
    /** The project; everything of the stack is in it. */
    readonly folder = mkdtempSync(join(tmpdir(), "qptunnel-stack-"));
    /** In addition to this process's environment; a test may add to it. */
    readonly env: Record<string, string>;
    /** Milliseconds after which a run of the engine is ended. */
    timeout = 240_000;
    /** What the stack is called, and its log after it. */
    logName = "dev";
    #declared: Declared;
    readonly #project: string;

    private constructor(declared: Declared, project: string, program: string) {
        this.#declared = declared;
        this.#project = project;
        this.env = {
            PULUMI_HOME: join(this.folder, "home"),
            PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            XDG_CONFIG_HOME: join(this.folder, "config"),
            // A fifth of an update is Node that compiles the same files again.
            NODE_COMPILE_CACHE: join(toolsFolder(), "../../compiled"),
        };
        for (const name of ["backend", "node_modules"]) mkdirSync(join(this.folder, name));
        symlinkSync(ROOT, join(this.folder, "node_modules", "pulumi-qp-tunnel"));
        symlinkSync(join(ROOT, "node_modules", "@pulumi"), join(this.folder, "node_modules", "@pulumi"));
        this.#writeProject();
        this.file("package.json", { name: project });
        cpSync(programPath(program).replace(/mjs$/, "js"), join(this.folder, "index.js"));
        this.declare({});
    }

    /**
     * @param project its name; with the stack's, "dev", it names the log's key
     * @param program `relay`, or `remote`: the same in the words of a generated SDK
     */
    static async create(declared: Declared, project = "lab", program = "relay"): Promise<Stack> {
        if (!existsSync(join(ROOT, "dist/providers/plugin/main.js"))) throw new Error("run: npm run build");
        const stack = new Stack(declared, project, program);
        await stack.succeed(["stack", "init", "dev"]);
        return stack;
    }

    #writeProject(more: { name: string; path: string }[] = []): void {
        const providers = [{ name: "qptunnel", path: join(ROOT, "plugin") }, ...more];
        const runtime = { name: "nodejs", options: { typescript: false } };
        this.file("Pulumi.yaml", { name: this.#project, runtime, main: "index.js", plugins: { providers } });
    }

    /** What the program declares now. */
    get declared(): Declared {
        return this.#declared;
    }

    /** Changes what the program declares; what is not named stays. */
    declare(changes: Partial<Declared>): void {
        this.#declared = { ...this.#declared, ...changes };
        this.file("program.json", { services: [], grants: [], audit: {}, ...this.#declared });
    }

    async preview(...args: string[]): Promise<string> {
        return (await this.succeed(["preview", ...args])).text;
    }

    /** @throws Error with the engine's words when it fails */
    async up(...args: string[]): Promise<string> {
        return (await this.succeed(["up", "--yes", "--skip-preview", ...args])).text;
    }

    async refresh(...args: string[]): Promise<string> {
        return (await this.succeed(["refresh", "--yes", "--skip-preview", ...args])).text;
    }

    async destroy(...args: string[]): Promise<string> {
        return (await this.succeed(["destroy", "--yes", "--skip-preview", ...args])).text;
    }

    async plan(): Promise<Plan> {
        const { stdout } = await this.succeed(["preview", "--json"]);
        const { steps, diagnostics = [], changeSummary } = JSON.parse(stdout) as RawPlan;
        const words: Record<string, string[]> = {};
        for (const { urn, message } of diagnostics) (words[nameOf(urn ?? "")] ??= []).push(message.trim());
        const changed = steps.filter(({ op }) => op !== "same").map((step) => [nameOf(step.urn), step]);
        return { steps: Object.fromEntries(changed) as Plan["steps"], words, changeSummary };
    }

    /** Secrets included. */
    async outputs<T extends Record<string, unknown>>(): Promise<T> {
        return JSON.parse((await this.succeed(["stack", "output", "--json", "--show-secrets"])).stdout) as T;
    }

    /** Resources by their logical name, secrets unwrapped and lines read. */
    async state(): Promise<Record<string, StateResource>> {
        const { stdout } = await this.succeed(["stack", "export", "--show-secrets"]);
        const { deployment } = JSON.parse(stdout, unwrapped) as { deployment: { resources?: StateResource[] } };
        const read = ({ type, inputs, outputs, ...resource }: StateResource): StateResource => {
            const kind = type.replace("qptunnel:index:", "");
            return { ...resource, type, inputs: unpacked(kind, inputs ?? {}), outputs: unpacked(kind, outputs ?? {}) };
        };
        return Object.fromEntries((deployment.resources ?? []).map((each) => [nameOf(each.urn), read(each)]));
    }

    /** Runs the engine; resolves whatever its exit status. */
    async run(args: string[], timeout = this.timeout): Promise<Run> {
        endOrphans(this.folder);
        const argv = ["sh", "-c", 'umask 077; exec pulumi "$@"', "pulumi", ...args, "-C", this.folder];
        const options = ["--non-interactive", "--color", "never"];
        const outcome: Outcome = await execute([...argv, ...options], {
            timeout,
            env: { ...this.env, PATH: [join(this.folder, "bin"), searchPath()].join(delimiter) },
        });
        return { code: outcome.code, stdout: outcome.stdout, text: outcome.stdout + outcome.stderr };
    }

    async succeed(args: string[]): Promise<Run> {
        const run = await this.run(args);
        if (run.code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit status ${run.code}\n${run.text}`);
        return run;
    }

    /** Runs the engine where it has to refuse; its words. */
    async fail(args: string[]): Promise<string> {
        const { code, text } = await this.run(args);
        if (code === 0) throw new Error(`pulumi ${args.join(" ")} succeeded\n${text}`);
        return text;
    }

    /**
     * Puts a script before a program, for everything the engine starts: it is run with the same arguments, and the
     * program after it.
     *
     * @param script for sh; `exit` keeps the program from running
     */
    interpose(program: string, script: string): void {
        const folders = searchPath().split(delimiter);
        const real = folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
        if (real === undefined) throw new Error(`${program} is not on PATH`);
        mkdirSync(join(this.folder, "bin"), { recursive: true });
        const file = join(this.folder, "bin", program);
        writeFileSync(file, `#!/bin/sh\n${script}\nexec ${real} "$@"\n`, { mode: 0o755 });
        chmodSync(file, 0o755);
    }

    /** Has droplets made by the plugin of the laboratory. @param cloud what there is, for that plugin */
    useCloud(cloud: Record<string, unknown>): void {
        this.#writeProject([{ name: "digitalocean", path: join(ROOT, "test/lab/plugins/digitalocean") }]);
        this.env["CLOUD"] = JSON.stringify(cloud);
    }

    /** Has the engine, and all that it starts, live in a node: where the operator is. */
    liveIn(node: { namespace: string }): void {
        const enter = `exec nsenter --net=/run/netns/${node.namespace} -- pulumi "$@"`;
        this.interpose("pulumi", `PATH="\${PATH#*:}"; export PATH; ${enter}`);
    }

    /** Takes every script away again. */
    restore(): void {
        rmSync(join(this.folder, "bin"), { recursive: true, force: true });
    }

    get logFile(): string {
        return join(this.folder, "audit", `${this.logName}.jsonl`);
    }

    /** The log's records, oldest first. */
    log(): AuditLine[] {
        const lines = readFileSync(this.logFile, "utf8").split("\n").filter(Boolean);
        return lines.map((line) => JSON.parse(line) as AuditLine);
    }

    /** Where the relay keeps its files; `run` for what runs. */
    place(kind: "etc" | "run"): string {
        const { namespace, interface: device } = this.#declared;
        return `/${kind}/qp-tunnel-${device}${namespace === undefined ? "" : `.${namespace}`}`;
    }

    /** Removes the project alone: what it declared is another's. */
    forget(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }

    /** Removes the project. What it declared is removed by `destroy`, or left to the laboratory and this. */
    close(): void {
        endOrphans(this.folder);
        rmSync(this.place("etc"), { recursive: true, force: true });
        rmSync(this.place("run"), { recursive: true, force: true });
        this.forget();
    }

    file(name: string, content: unknown): void {
        writeFileSync(join(this.folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
}

/** Last part of a URN: the resource's logical name. */
export function nameOf(urn: string): string {
    return urn.split("::").at(-1) ?? "";
}

interface RawPlan {
    steps: Step[];
    diagnostics?: { urn?: string; message: string }[];
    changeSummary: Record<string, number>;
}

/** For JSON.parse: `--show-secrets` gives a secret as an object that holds it as JSON. */
function unwrapped(_key: string, value: unknown): unknown {
    const { plaintext } = (value ?? {}) as { plaintext?: unknown };
    return typeof plaintext === "string" ? JSON.parse(plaintext) : value;
}

const ROOT = join(__dirname, "../..");
let found: string | undefined;

/** PATH with the engine and Caddy, which `npm run tools` provides. */
export function searchPath(): string {
    return [toolsFolder(), join(ROOT, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
}

function toolsFolder(): string {
    if (found === undefined) {
        const printed = execFileSync(process.execPath, [join(ROOT, "scripts/tools.mjs")], { encoding: "utf8" });
        found = printed.trim().split("\n").at(-1) ?? "";
    }
    return found;
}
