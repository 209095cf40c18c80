import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { AuditLine } from "../../../core/audit/record.js";
import { execute, type Outcome } from "../../lab/processes.js";
import { pulumiIn } from "../../lab/scratchEngine.js";
import { searchPath } from "../../lab/stack.js";

const ROOT = join(__dirname, "../../..");
const TIMEOUT = 240_000;

/** The program of one party as a fresh clone has it, with a state, a passphrase and a folder of signing keys of its own. */
export class Agency {
    /** Of the project. */
    readonly folder: string;
    readonly #home: string;
    readonly #passphrase: string;

    /** @param beside whose state, passphrase and folder of keys it shares */
    private constructor(
        readonly name: string,
        beside?: Agency,
    ) {
        this.#home = beside === undefined ? mkdtempSync(join(tmpdir(), "qptunnel-agency-")) : beside.#home;
        this.#passphrase = beside === undefined ? `passphrase of ${name}` : beside.#passphrase;
        if (beside === undefined) {
            for (const part of ["package.json", "tsconfig.json", "dist", "node_modules", "plugin"])
                symlinkSync(join(ROOT, part), join(this.#home, part));
            mkdirSync(join(this.#home, "state"), { mode: 0o700 });
        }
        this.folder = join(this.#home, "examples/agencies", name);
        cpSync(join(ROOT, "examples/agencies", name), this.folder, {
            recursive: true,
            filter: (source) => !/\/audit$|Pulumi\..+\.yaml$/.test(source),
        });
    }

    /** @param config by key; those of `secrets` are stored as such */
    static async clone(
        name: string,
        { peers, config, secrets }: Record<"peers" | "config" | "secrets", Record<string, string>>,
    ): Promise<Agency> {
        const agency = new Agency(name);
        await agency.#begin(peers);
        for (const [key, value] of Object.entries(config)) await agency.pulumi("config", "set", key, value);
        for (const [key, value] of Object.entries(secrets))
            await agency.pulumi("config", "set", "--secret", key, value);
        return agency;
    }

    /** Another project in the same backend. */
    async cloneBeside(name: string, { peers }: { peers: Record<string, string> }): Promise<Agency> {
        const other = new Agency(name, this);
        await other.#begin(peers);
        return other;
    }

    async #begin(peers: Record<string, string>): Promise<void> {
        this.file("peers.json", JSON.stringify(peers));
        await this.pulumi("stack", "init", "prod");
    }

    async pulumi(...args: string[]): Promise<string> {
        const outcome = await pulumiIn(this.#home, [...args, "-C", this.folder], TIMEOUT, this.#env);
        return outcome.stdout + outcome.stderr;
    }

    async up(): Promise<string> {
        return this.pulumi("up", "--yes", "--skip-preview");
    }

    /** Runs `qp-tunnel` in the project; resolves whatever its exit status. */
    async command(...args: string[]): Promise<Outcome> {
        const script = 'cd "$1"; shift; exec "$@"';
        const program = [process.execPath, join(ROOT, "dist/cli/main.js"), ...args];
        return execute(["sh", "-c", script, "sh", this.folder, ...program], {
            timeout: TIMEOUT,
            env: {
                ...this.#env,
                PATH: searchPath() + delimiter + (process.env["PATH"] ?? ""),
                PULUMI_HOME: join(this.#home, "home"),
                PULUMI_BACKEND_URL: `file://${join(this.#home, "state")}`,
                PULUMI_SKIP_UPDATE_CHECK: "true",
                XDG_CONFIG_HOME: join(this.#home, "config"),
            },
        });
    }

    /** Secrets included. */
    async outputs<T>(): Promise<T> {
        const { stdout } = await pulumiIn(
            this.#home,
            ["stack", "output", "--json", "--show-secrets", "-C", this.folder],
            TIMEOUT,
            this.#env,
        );
        return JSON.parse(stdout) as T;
    }

    /** The state as its owner can read it: secrets in clear. */
    async state(): Promise<string> {
        return this.pulumi("stack", "export", "--show-secrets");
    }

    /** Every file of it: project, state, keys. */
    files(): string {
        const all = readdirSync(this.#home, { recursive: true, withFileTypes: true });
        const own = all.filter(
            (entry) => entry.isFile() && !/\/(?:home|dist|node_modules)(?:\/|$)/.test(entry.parentPath),
        );
        return own.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("\n");
    }

    read(name: string): string {
        return readFileSync(join(this.folder, name), "utf8");
    }

    file(name: string, content: string): void {
        writeFileSync(join(this.folder, name), content);
    }

    log(): AuditLine[] {
        const lines = this.read("audit/prod.jsonl").split("\n").filter(Boolean);
        return lines.map((line) => JSON.parse(line) as AuditLine);
    }

    close(): void {
        rmSync(this.#home, { recursive: true, force: true });
    }

    get #env(): Record<string, string> {
        return { PULUMI_CONFIG_PASSPHRASE: this.#passphrase };
    }
}
