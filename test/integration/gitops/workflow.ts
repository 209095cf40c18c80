import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { execute } from "../../lab/processes.js";

/** As much of a workflow of GitHub Actions as is used in the documentation. */
export interface Workflow {
    on: Record<string, { branches?: string[]; "paths-ignore"?: string[] } | null>;
    env: Record<string, string>;
    jobs: Record<string, Job>;
}

interface Job {
    if: string;
    concurrency?: { group: string; "cancel-in-progress": boolean };
    steps: WorkflowStep[];
}

interface WorkflowStep {
    id?: string;
    if?: string;
    uses?: string;
    with?: Record<string, string>;
    run?: string;
}

/** What came of one job. */
export interface Conclusion {
    green: boolean;
    /** Everything that was printed. */
    text: string;
}

export interface RunOptions {
    /** A folder of this run's own: its machine. */
    folder: string;
    origin: string;
    event: "push" | "pull_request";
    /** What `${{ secrets.X }}` and `${{ vars.X }}` are. */
    settings: Record<string, string>;
    env: Record<string, string>;
    /** Called before a step that runs a command, with the folder of the clone. */
    before?: (command: string, clone: string) => void | Promise<void>;
}

export function workflowIn(text: string): Workflow {
    const [, yaml = ""] = /^```yaml\n(name: relay\n.*?)^```$/ms.exec(text) ?? [];
    return parse(yaml) as Workflow;
}

/** Runs a job as a runner does: in a clone of its own, each command by `bash -e`, the rest skipped after one that failed. */
export async function runJob(workflow: Workflow, name: string, options: RunOptions): Promise<Conclusion> {
    const { event, origin, folder, settings, env, before } = options;
    const job = workflow.jobs[name]!;
    const known: Record<string, string> = { "github.event_name": event };
    if (!holds(job.if, known, true)) throw new Error(`job ${name} does not run on ${event}`);
    const clone = mkdtempSync(join(folder, `${name}-`));
    const inherited = Object.fromEntries(
        Object.entries(workflow.env).map(([key, value]) => [key, filled(value, settings)]),
    );
    const conclusion: Conclusion = { green: true, text: "" };
    for (const step of job.steps) {
        if (step.uses?.startsWith("actions/checkout@") === true) {
            const branch = step.with?.["ref"] ?? "main";
            execFileSync("git", ["clone", "-q", "--depth", "1", "-b", branch, `file://${origin}`, clone]);
        } else if (step.uses?.startsWith("actions/setup-node@") === true) continue;
        else if (step.run === undefined) throw new Error(`nobody knows ${step.uses}`);
        else {
            const runs = holds(step.if, known, conclusion.green);
            let outcome = "skipped";
            if (runs) {
                await before?.(step.run, clone);
                const command = ["env", "-C", clone, "bash", "-e", "-c", filled(step.run, settings)];
                const variables = {
                    ...env,
                    ...inherited,
                    GITHUB_RUN_ID: "4711",
                    GITHUB_RUN_ATTEMPT: "1",
                    GITHUB_SHA: "0".repeat(40),
                };
                const { code, stdout, stderr } = await execute(command, { env: variables });
                conclusion.text += stdout + stderr;
                outcome = code === 0 ? "success" : "failure";
                conclusion.green &&= code === 0;
            }
            if (step.id !== undefined) known[`steps.${step.id}.outcome`] = outcome;
        }
    }
    return conclusion;
}

/** A condition: terms joined by &&. Without `always()` a step runs after successful ones only. */
function holds(condition: string | undefined, known: Record<string, string>, green: boolean): boolean {
    const terms = condition?.split("&&").map((term) => term.trim()) ?? [];
    return (
        (green || terms.includes("always()")) &&
        terms.every((term) => {
            if (term === "always()") return true;
            const [, name = "", operator, value] = /^(\S+) (==|!=) '([^']*)'$/.exec(term) ?? [];
            if (operator === undefined || known[name] === undefined) throw new Error(`nobody knows ${term}`);
            return (known[name] === value) === (operator === "==");
        })
    );
}

function filled(text: string, settings: Record<string, string>): string {
    return text.replace(/\$\{\{ (?:vars|secrets)\.(\w+) \}\}/g, (_, name: string) => {
        const value = settings[name];
        if (value === undefined) throw new Error(`nobody set ${name}`);
        return value;
    });
}
