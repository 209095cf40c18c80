import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { execute } from "../processes.js";

/** What a pipeline's machines find around them. */
export interface World {
    /** Where machines and artifacts are; empty at first. */
    folder: string;
    /** The repository's folder. */
    origin: string;
    /** Of the machines' image: where programs are found. Nothing here is a secret of the pipeline. */
    env: Record<string, string>;
    /** Values that the forge keeps for the pipeline: secrets and variables. */
    settings: Record<string, string>;
    /** Which run of pipelines this is. */
    run: string;
}

/** A machine that lives for one job: a home of its own, and a clone of its own. */
export class Machine {
    readonly clone: string;
    readonly home: string;
    /** Everything that its scripts printed. */
    text = "";

    constructor(
        private readonly world: World,
        name: string,
    ) {
        const folder = mkdtempSync(join(world.folder, `${name}-`));
        [this.clone, this.home] = [join(folder, "clone"), join(folder, "home")];
        for (const each of [this.clone, this.home]) mkdirSync(each);
    }

    /**
     * Clones as a runner does: one commit, or a part of the history.
     *
     * @param ref of the origin
     * @param depth commits; 0 for all, with all branches
     * @param mayPush whether the runner's own token lets it push
     * @param branch what is checked out is a branch of this name; without it, a commit alone
     */
    check(ref: string, depth: number, mayPush: boolean, branch?: string): void {
        const git = (...args: string[]): void => {
            execFileSync("git", ["-C", this.clone, ...args], { stdio: ["ignore", "ignore", "pipe"] });
        };
        git("init", "-q", "-b", "unborn");
        git("remote", "add", "origin", `file://${this.world.origin}`);
        if (!mayPush) git("remote", "set-url", "--push", "origin", "https://read-only.invalid/office/relay.git");
        if (depth === 0) git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*", `+${ref}:refs/heads/ref`);
        else git("fetch", "-q", "--depth", String(depth), "origin", `+${ref}:refs/heads/ref`);
        if (branch === undefined) git("checkout", "-q", "--detach", "ref");
        else git("checkout", "-q", "-B", branch, "ref");
        git("branch", "-q", "-D", "ref");
    }

    /** Runs a script; its exit status. @param shell the command that runs a script given as its last argument */
    async bash(script: string, env: Record<string, string>, shell: string[]): Promise<number | null> {
        const { code, stdout, stderr } = await execute(["env", "-C", this.clone, ...shell, script], {
            timeout: 240_000,
            env: { ...OUTSIDE, HOME: this.home, TMPDIR: this.home, CI: "true", ...this.world.env, ...env },
        });
        this.text += stdout + stderr;
        return code;
    }
}

/** What this process may have of a pipeline itself is none of a job's. */
const OUTSIDE: Record<string, string> = Object.fromEntries(
    Object.keys(process.env)
        .filter((name) => /^(GITHUB_|GITLAB_|CI_|PULUMI_|AUDIT_|XDG_|GIT_)/.test(name))
        .map((name) => [name, ""]),
);

/** Files that jobs leave behind. */
export class Artifacts {
    readonly #folder: string;

    constructor(world: World) {
        this.#folder = mkdtempSync(join(world.folder, "artifacts-"));
    }

    /** Keeps files and folders of a clone; the number of those that are there. */
    upload(name: string, clone: string, paths: readonly string[]): number {
        const there = paths.filter((path) => existsSync(join(clone, path)));
        for (const path of there) {
            const target = join(this.#path(name), path);
            mkdirSync(dirname(target), { recursive: true });
            cpSync(join(clone, path), target, { recursive: true });
        }
        return there.length;
    }

    download(name: string, clone: string): boolean {
        if (!existsSync(this.#path(name))) return false;
        cpSync(this.#path(name), clone, { recursive: true });
        return true;
    }

    /** A file of any artifact, by its name. */
    find(file: string): string {
        const all = readdirSync(this.#folder, { recursive: true, encoding: "utf8" });
        const found = all.find((path) => basename(path) === file);
        if (found === undefined) throw new Error(`no artifact has ${file}, of ${all.join(", ")}`);
        return join(this.#folder, found);
    }

    #path(name: string): string {
        return join(this.#folder, name);
    }
}

/** What came of a job. */
export interface JobOutcome {
    result: "success" | "failure" | "skipped";
    /** Everything that was printed. */
    text: string;
}

export interface PipelineOutcome {
    jobs: Record<string, JobOutcome>;
    artifacts: Artifacts;
    /** Whether no job failed. */
    green: boolean;
    /** Everything that was printed. */
    text: string;
}

export function outcomeOf(jobs: Record<string, JobOutcome>, artifacts: Artifacts): PipelineOutcome {
    const all = Object.values(jobs);
    const text = all.map((job) => job.text).join("");
    return { jobs, artifacts, green: all.every(({ result }) => result !== "failure"), text };
}

/** @throws Error for a member that the driver does not know, so that none is silently left out */
export function onlyKnown(what: string, value: object, known: readonly string[]): void {
    const strange = Object.keys(value).filter((name) => !known.includes(name));
    if (strange.length > 0) throw new Error(`${what}: nothing here knows ${strange.join(", ")}`);
}
