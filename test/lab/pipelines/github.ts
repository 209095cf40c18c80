import { existsSync, mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { evaluate, interpolate, isTrue, type Scope, type Value } from "./expressions.js";
import {
    Artifacts,
    type JobOutcome,
    Machine,
    onlyKnown,
    outcomeOf,
    type PipelineOutcome,
    type World,
} from "./machine.js";

// Runs workflows of GitHub Actions as their YAML says, each job on a machine of its own. It knows as much as the examples use
// and refuses everything else.

type Permissions = Record<string, "read" | "write" | "none">;

export interface Workflow {
    name: string;
    on: Record<string, Trigger | null>;
    permissions?: Permissions;
    env?: Record<string, string>;
    jobs: Record<string, Job>;
}

type Trigger = { branches?: string[]; "paths-ignore"?: string[] } | { cron: string }[];

interface Job {
    if?: string;
    needs?: string | string[];
    "runs-on": string | string[];
    concurrency?: { group: string; "cancel-in-progress": boolean };
    permissions?: Permissions;
    env?: Record<string, string>;
    steps: Step[];
}

interface Step {
    id?: string;
    if?: string;
    uses?: string;
    with?: Record<string, string | number>;
    run?: string;
    env?: Record<string, string>;
    "continue-on-error"?: boolean;
}

/** What happened in the repository. */
export interface GitHubEvent {
    name: "push" | "pull_request" | "schedule" | "workflow_dispatch";
    /** What is checked out unless a step says otherwise: a branch, or the merge of a pull request. */
    ref: string;
    /** Files that a push changes. */
    files?: string[];
    /** Of a pull request. */
    number?: number;
    /** The repository that the pull request's branch is in; default: this one. */
    head?: string;
}

export const REPOSITORY = "office/relay";

export function readWorkflow(file: string): Workflow {
    const workflow = parse(readFileSync(file, "utf8")) as Workflow;
    onlyKnown(file, workflow, ["name", "on", "permissions", "env", "jobs"]);
    for (const [name, job] of Object.entries(workflow.jobs)) {
        onlyKnown(`job ${name}`, job, JOB);
        for (const step of job.steps) onlyKnown(`a step of job ${name}`, step, STEP);
    }
    return workflow;
}

const JOB = ["if", "needs", "runs-on", "concurrency", "permissions", "env", "steps"];
const STEP = ["name", "id", "if", "uses", "with", "run", "env", "continue-on-error"];

/** Whether an event starts a workflow. */
export function isTriggered(workflow: Workflow, event: GitHubEvent): boolean {
    if (!(event.name in workflow.on)) return false;
    const trigger = workflow.on[event.name] ?? {};
    if (Array.isArray(trigger)) return true;
    onlyKnown(`on.${event.name}`, trigger, ["branches", "paths-ignore"]);
    if (event.name !== "push") return true;
    const { branches, "paths-ignore": ignored = [] } = trigger;
    if (branches !== undefined && !branches.includes(event.ref.replace("refs/heads/", ""))) return false;
    const isIgnored = (path: string): boolean => ignored.some((glob) => path.startsWith(glob.replace(/\*\*$/, "")));
    return event.files === undefined || event.files.length === 0 || !event.files.every(isIgnored);
}

/** Runs a workflow for an event. @throws Error for an event that does not start it */
export async function runWorkflow(workflow: Workflow, event: GitHubEvent, world: World): Promise<PipelineOutcome> {
    if (!isTriggered(workflow, event)) throw new Error(`${workflow.name} does not run on ${event.name}`);
    const artifacts = new Artifacts(world);
    const jobs: Record<string, JobOutcome> = {};
    for (const name of ordered(workflow)) {
        const job = workflow.jobs[name]!;
        const known = contextOf(event, world);
        for (const needed of list(job.needs)) known[`needs.${needed}.result`] = jobs[needed]!.result;
        const isFine = list(job.needs).every((needed) => jobs[needed]!.result === "success");
        jobs[name] = holds(job.if, known, isFine)
            ? await new Run(workflow, name, event, world, artifacts, known).job()
            : { result: "skipped", text: "" };
    }
    return outcomeOf(jobs, artifacts);
}

/** Jobs, each behind those that it needs. */
function ordered({ jobs }: Workflow): string[] {
    const done: string[] = [];
    const add = (name: string, behind: string[]): void => {
        if (!(name in jobs) || behind.includes(name)) throw new Error(`needs: ${[...behind, name].join(" -> ")}`);
        for (const needed of list(jobs[name]!.needs)) add(needed, [...behind, name]);
        if (!done.includes(name)) done.push(name);
    };
    for (const name of Object.keys(jobs)) add(name, []);
    return done;
}

type Known = Record<string, Value>;

function contextOf({ name, number, head = REPOSITORY }: GitHubEvent, world: World): Known {
    const isRequest = name === "pull_request";
    return {
        "github.event_name": name,
        "github.repository": REPOSITORY,
        "github.run_id": world.run,
        "github.event.pull_request.number": isRequest ? (number ?? null) : null,
        "github.event.pull_request.head.repo.full_name": isRequest ? head : null,
    };
}

/** Without a function about the status, a job or step runs only when all before it succeeded. */
function holds(condition: string | undefined, known: Known, isFine: boolean): boolean {
    const text = condition?.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1") ?? "success()";
    const asksStatus = /\b(always|success|failure|cancelled)\(\)/.test(text);
    return (asksStatus || isFine) && isTrue(evaluate(text, scopeOf(known, {}, isFine)));
}

function scopeOf(known: Known, settings: Record<string, string>, isFine: boolean): Scope {
    return {
        value: (name) => {
            const [, setting] = /^(?:secrets|vars)\.(\w+)$/.exec(name) ?? [];
            const value = setting === undefined ? known[name] : settings[setting];
            if (value === undefined) throw new Error(`nothing sets ${name}`);
            return value;
        },
        call: (name, args) => {
            const results: Record<string, Value> = {
                always: true,
                cancelled: false,
                success: isFine,
                failure: !isFine,
            };
            const result = args.length === 0 ? results[name] : undefined;
            if (result === undefined) throw new Error(`nothing here knows ${name}()`);
            return result;
        },
    };
}

/** One run of one job. */
class Run {
    readonly #machine: Machine;
    readonly #job: Job;
    readonly #permissions: Permissions;
    readonly #variables: Record<string, string>;
    #isFine = true;

    constructor(
        private readonly workflow: Workflow,
        name: string,
        private readonly event: GitHubEvent,
        private readonly world: World,
        private readonly artifacts: Artifacts,
        private readonly known: Known,
    ) {
        this.#machine = new Machine(world, name);
        this.#job = workflow.jobs[name]!;
        const permissions = this.#job.permissions ?? workflow.permissions;
        if (permissions === undefined)
            throw new Error(`job ${name}: its permissions are whatever the repository gives`);
        this.#permissions = permissions;
        // The double of `gh` reads what the token permits.
        known["github.token"] = `token ${JSON.stringify(permissions)}`;
        this.#variables = {
            GITHUB_ACTIONS: "true",
            GITHUB_ACTOR: "octocat",
            GITHUB_EVENT_NAME: event.name,
            GITHUB_REPOSITORY: REPOSITORY,
            GITHUB_RUN_ID: world.run,
            GITHUB_RUN_ATTEMPT: "1",
            GITHUB_SERVER_URL: "https://github.com",
            GITHUB_SHA: "0".repeat(40),
        };
    }

    async job(): Promise<JobOutcome> {
        for (const step of this.#job.steps) {
            let outcome = "skipped";
            if (holds(step.if, this.known, this.#isFine)) {
                const succeeded = await this.#step(step);
                outcome = succeeded ? "success" : "failure";
                this.#isFine &&= succeeded || step["continue-on-error"] === true;
            }
            if (step.id !== undefined) this.known[`steps.${step.id}.outcome`] = outcome;
        }
        return { result: this.#isFine ? "success" : "failure", text: this.#machine.text };
    }

    async #step(step: Step): Promise<boolean> {
        if (step.uses !== undefined) return this.#uses(step.uses.replace(/@v\d+$/, ""), step.with ?? {});
        if (step.run === undefined) throw new Error("a step has neither uses nor run");
        const folder = mkdtempSync(join(this.#machine.home, "step-"));
        const output = join(folder, "output");
        writeFileSync(output, "");
        const env = { ...this.workflow.env, ...this.#job.env, ...step.env };
        const filled = Object.entries(env).map(([name, value]) => [name, this.#filled(String(value))]);
        const variables = { ...this.#variables, ...(Object.fromEntries(filled) as Record<string, string>) };
        // As a runner without `shell: bash` does: no pipefail.
        const shell = ["bash", "-e", "-c"];
        const code = await this.#machine.bash(this.#filled(step.run), { ...variables, GITHUB_OUTPUT: output }, shell);
        for (const [, name = "", value = ""] of readFileSync(output, "utf8").matchAll(/^(\w+)=(.*)$/gm))
            this.known[`steps.${step.id ?? ""}.outputs.${name}`] = value;
        return code === 0;
    }

    #uses(action: string, given: Record<string, string | number>): boolean {
        const { clone } = this.#machine;
        switch (action) {
            case "actions/checkout": {
                onlyKnown(action, given, ["ref", "fetch-depth"]);
                const ref = given["ref"] === undefined ? this.event.ref : `refs/heads/${given["ref"]}`;
                const mayPush = this.#permissions["contents"] === "write";
                const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
                if (!("contents" in this.#permissions)) throw new Error("this job may not read the repository");
                this.#machine.check(ref, Number(given["fetch-depth"] ?? 1), mayPush, branch);
                return true;
            }
            case "actions/setup-node":
            case "pulumi/actions":
                return true;
            case "actions/upload-artifact":
                onlyKnown(action, given, ["name", "path", "if-no-files-found"]);
                return this.#upload(given) || given["if-no-files-found"] !== "error";
            case "actions/download-artifact":
                onlyKnown(action, given, ["name"]);
                return this.artifacts.download(String(given["name"]), clone);
            default:
                throw new Error(`nothing here knows the action ${action}`);
        }
    }

    /** Paths are relative to what they have in common, which is a folder alone. */
    #upload(given: Record<string, string | number>): boolean {
        const paths = String(given["path"])
            .trim()
            .split(/\s*\n\s*/);
        const { clone } = this.#machine;
        const alone = join(clone, paths[0]!);
        const isFolder = paths.length === 1 && existsSync(alone) && statSync(alone).isDirectory();
        const [from, chosen] = isFolder ? [alone, readdirSync(alone)] : [clone, paths];
        return this.artifacts.upload(String(given["name"]), from, chosen) > 0;
    }

    #filled(text: string): string {
        return interpolate(text, scopeOf(this.known, this.world.settings, this.#isFine));
    }
}

function list(value: string | string[] | undefined): string[] {
    return value === undefined ? [] : [value].flat();
}
