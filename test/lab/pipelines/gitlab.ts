import { readFileSync } from "node:fs";

import { parse } from "yaml";

import { evaluate, isTrue, type Scope } from "./expressions.js";
import {
    Artifacts,
    type JobOutcome,
    Machine,
    onlyKnown,
    outcomeOf,
    type PipelineOutcome,
    type World,
} from "./machine.js";

// Runs pipelines of GitLab CI as their YAML says, each job on a machine of its own. It knows as much as the examples use and
// refuses everything else.

type Variables = Record<string, string>;

export interface Configuration {
    default: Defaults;
    stages: string[];
    variables: Variables;
    jobs: Record<string, Job>;
}

interface Defaults {
    image?: string;
    before_script?: string[];
}

interface Job {
    stage: string;
    rules: Rule[];
    needs?: { job: string; artifacts?: boolean }[];
    variables?: Variables;
    before_script?: string[];
    script: string[];
    after_script?: string[];
    artifacts?: { paths: string[]; when?: "always" | "on_success" | "on_failure"; expire_in?: string };
    resource_group?: string;
}

interface Rule {
    if: string;
    when?: "on_success" | "always" | "on_failure";
}

/** What starts a pipeline. */
export interface GitLabEvent {
    source: "push" | "merge_request_event" | "schedule";
    /** The branch that is checked out. */
    branch: string;
    /** Of a merge request. */
    iid?: number;
    /** The first line of the newest commit's message. */
    title?: string;
}

export function readConfiguration(file: string): Configuration {
    const { default: defaults = {}, stages, variables = {}, ...rest } = parse(readFileSync(file, "utf8")) as Head & Record<string, unknown>; // prettier-ignore
    const jobs = rest as Configuration["jobs"];
    onlyKnown("default", defaults, ["image", "before_script"]);
    for (const [name, job] of Object.entries(jobs)) {
        onlyKnown(`job ${name}`, job, JOB);
        for (const rule of job.rules) onlyKnown(`a rule of job ${name}`, rule, ["if", "when"]);
        if (!stages.includes(job.stage)) throw new Error(`job ${name}: there is no stage ${job.stage}`);
    }
    return { default: defaults, stages, variables, jobs };
}

type Head = Omit<Configuration, "jobs">;

const JOB = [
    "stage",
    "rules",
    "needs",
    "variables",
    "before_script",
    "script",
    "after_script",
    "artifacts",
    "resource_group",
];

/** Runs the pipeline that an event starts; without a job for it there is none. */
export async function runPipeline(
    configuration: Configuration,
    event: GitLabEvent,
    world: World,
): Promise<PipelineOutcome> {
    const artifacts = new Artifacts(world);
    const jobs: Record<string, JobOutcome> = {};
    const given = { ...predefined(event, world), ...world.settings };
    const chosen = isSkipped(event) ? [] : inStages(configuration).filter((name) => ruleOf(name) !== undefined);
    for (const name of chosen) {
        const job = configuration.jobs[name]!;
        const before = job.needs?.map((need) => need.job) ?? earlier(configuration, job, chosen);
        const isFine = before.every((needed) => jobs[needed] === undefined || jobs[needed].result === "success");
        if (job.needs?.some((need) => jobs[need.job] === undefined) === true)
            throw new Error(`job ${name} needs a job that this pipeline does not have`);
        const when = ruleOf(name)?.when ?? "on_success";
        const runs = when === "always" || (when === "on_success") === isFine;
        const inputs = job.needs?.filter((need) => need.artifacts !== false).map((need) => need.job) ?? before;
        jobs[name] = runs
            ? await runJob({ configuration, name, event, world, given, artifacts, inputs })
            : { result: "skipped", text: "" };
    }
    return outcomeOf(jobs, artifacts);

    function ruleOf(name: string): Rule | undefined {
        const variables = { ...given, ...expanded(configuration.variables, given) };
        return configuration.jobs[name]!.rules.find((rule) => isTrue(evaluate(rule.if, scopeOf(variables))));
    }
}

/** GitLab starts no pipeline for a push whose newest commit says so. */
export function isSkipped({ source, title = "" }: GitLabEvent): boolean {
    return source === "push" && /\[(skip ci|ci skip)\]/i.test(title);
}

function inStages({ stages, jobs }: Configuration): string[] {
    return stages.flatMap((stage) => Object.keys(jobs).filter((name) => jobs[name]!.stage === stage));
}

function earlier({ stages, jobs }: Configuration, job: Job, chosen: string[]): string[] {
    return chosen.filter((name) => stages.indexOf(jobs[name]!.stage) < stages.indexOf(job.stage));
}

interface JobRun {
    configuration: Configuration;
    name: string;
    event: GitLabEvent;
    world: World;
    given: Variables;
    artifacts: Artifacts;
    /** Jobs whose artifacts this one gets. */
    inputs: string[];
}

async function runJob(run: JobRun): Promise<JobOutcome> {
    const { configuration, name, event, world, given, artifacts } = run;
    const job = configuration.jobs[name]!;
    const own = expanded({ ...configuration.variables, ...job.variables }, given);
    const variables: Variables = { ...own, ...given, CI_JOB_NAME: name };
    const machine = new Machine(world, name);
    // A job's own token reads, and does not push.
    machine.check(`refs/heads/${event.branch}`, Number(own["GIT_DEPTH"] ?? 20), false);
    for (const input of run.inputs) artifacts.download(input, machine.clone);
    const shell = ["bash", "-eo", "pipefail", "-c"];
    const script = [...(job.before_script ?? configuration.default.before_script ?? []), ...job.script];
    const isFine = (await machine.bash(script.join("\n"), variables, shell)) === 0;
    // Its exit status changes nothing.
    if (job.after_script !== undefined) await machine.bash(job.after_script.join("\n"), variables, shell);
    if (job.artifacts !== undefined) {
        onlyKnown(`artifacts of ${name}`, job.artifacts, ["paths", "when", "expire_in"]);
        const when = job.artifacts.when ?? "on_success";
        if (when === "always" || (when === "on_success") === isFine)
            artifacts.upload(name, machine.clone, job.artifacts.paths);
    }
    return { result: isFine ? "success" : "failure", text: machine.text };
}

function predefined({ source, branch, iid, title = "change" }: GitLabEvent, { run, origin }: World): Variables {
    return {
        GITLAB_CI: "true",
        CI_PIPELINE_SOURCE: source,
        CI_DEFAULT_BRANCH: "main",
        CI_JOB_ID: run,
        CI_PIPELINE_URL: `https://gitlab.example/office/relay/-/pipelines/${run}`,
        CI_PROJECT_ID: "42",
        CI_PROJECT_PATH: "relay",
        CI_SERVER_URL: `file://${origin.replace(/\/relay\.git$/, "")}`,
        CI_COMMIT_SHA: "0".repeat(40),
        CI_COMMIT_TITLE: title,
        GITLAB_USER_LOGIN: "tanuki",
        ...(source === "merge_request_event"
            ? { CI_MERGE_REQUEST_IID: String(iid), CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main" }
            : { CI_COMMIT_BRANCH: branch }),
    };
}

/** Variables that name others, and those that a project does not set. */
function expanded(variables: Variables, given: Variables): Variables {
    return Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [
            name,
            String(value).replace(/\$\{?(\w+)\}?/g, (_, other: string) => {
                const found = given[other] ?? variables[other];
                if (found === undefined) throw new Error(`${name}: nothing sets ${other}`);
                return found;
            }),
        ]),
    );
}

/** Predefined variables that a pipeline has or has not, by what started it. */
const OPTIONAL = ["CI_COMMIT_BRANCH", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"];

function scopeOf(variables: Variables): Scope {
    return {
        value: (name) => {
            const value = variables[name.replace(/^\$/, "")];
            if (value !== undefined) return value;
            if (OPTIONAL.includes(name.slice(1))) return null;
            throw new Error(`nothing sets ${name}`);
        },
    };
}
