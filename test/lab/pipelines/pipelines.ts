import { join } from "node:path";

import { GitHubDouble, GitLabDouble, type Issue } from "./forge.js";
import { type GitHubEvent, isTriggered, readWorkflow, runWorkflow } from "./github.js";
import { isSkipped, readConfiguration, runPipeline } from "./gitlab.js";
import { Artifacts, outcomeOf, type PipelineOutcome, type World } from "./machine.js";
import { Operator, type Places } from "./operator.js";
import type { Repository } from "./repository.js";
import { readResources } from "./resources.js";

/** The pipelines of one example folder, in the same words for all of them. */
export interface Pipelines {
    /** A pull request was opened, or pushed to. @param stale the merge that the forge has already made */
    review(number: number, branch: string, stale?: string): Promise<PipelineOutcome>;
    /** Something was pushed to main. */
    apply(): Promise<PipelineOutcome>;
    /** Whether the newest commit on main starts an update by itself. */
    startsUpdate(): Promise<boolean>;
    /** The hour of the schedule. */
    drift(): Promise<PipelineOutcome>;
    comments(number: number): string[];
    issues(): Issue[];
    stop(): void;
}

/** What all pipelines are given. */
export interface Site {
    repository: Repository;
    /** Folder whose programs are found first. */
    bin: string;
    /** Without programs of the forge. */
    world: Omit<World, "run">;
}

const EXAMPLES = join(__dirname, "../../../examples/pipelines");
const PUSH: GitHubEvent = { name: "push", ref: "refs/heads/main" };
let runs = 4711;

export function gitHub({ repository, bin, world }: Site): Pipelines {
    const file = (name: string): string => join(EXAMPLES, "github/.github/workflows", name);
    const [relay, drift] = [readWorkflow(file("relay.yml")), readWorkflow(file("drift.yml"))];
    const forge = new GitHubDouble(world.folder, bin);
    const run = (workflow: typeof relay, event: GitHubEvent): Promise<PipelineOutcome> =>
        runWorkflow(workflow, event, withForge(world, forge));
    return {
        review: (number, branch, stale) => {
            const ref = stale ?? repository.mergeRef(number, branch);
            return run(relay, { name: "pull_request", ref, number });
        },
        apply: () => run(relay, PUSH),
        startsUpdate: async () => isTriggered(relay, { ...PUSH, files: repository.newest().files }),
        drift: () => run(drift, { name: "schedule", ref: "refs/heads/main" }),
        comments: (number) => forge.comments(number),
        issues: () => forge.issues,
        stop: () => {},
    };
}

export async function gitLab({ repository, world }: Site): Promise<Pipelines> {
    const configuration = readConfiguration(join(EXAMPLES, "gitlab/.gitlab-ci.yml"));
    const forge = await GitLabDouble.start();
    const settings = { ...world.settings, FORGE_TOKEN: forge.token, CI_API_V4_URL: forge.url, LOG_TOKEN: "" };
    const given = (): World => ({ ...world, settings, run: String(runs++) });
    return {
        review: (iid, branch) => runPipeline(configuration, { source: "merge_request_event", branch, iid }, given()),
        apply: () => runPipeline(configuration, { source: "push", branch: "main" }, given()),
        startsUpdate: async () => !isSkipped({ source: "push", branch: "main", title: repository.newest().title }),
        drift: () => runPipeline(configuration, { source: "schedule", branch: "main" }, given()),
        comments: (number) => forge.comments(number),
        issues: () => forge.issues,
        stop: () => forge.stop(),
    };
}

/** The operator applies, and workflows of GitHub review. @param places of the cluster, in the laboratory */
export function operator({ repository, bin, world }: Site, places: Places): Pipelines {
    const folder = join(EXAMPLES, "operator");
    const review = readWorkflow(join(folder, ".github/workflows/review.yml"));
    const resources = ["stack.yaml", "drift.yaml"].flatMap((name) => readResources(join(folder, "kubernetes", name)));
    const forge = new GitHubDouble(world.folder, bin);
    const cluster = withForge(world, forge);
    const controller = new Operator(resources, cluster, places);
    return {
        review: (number, branch, stale) => {
            const ref = stale ?? repository.mergeRef(number, branch);
            return runWorkflow(review, { name: "pull_request", ref, number }, withForge(world, forge));
        },
        apply: async () => {
            const update = await controller.reconcile();
            const log = update.result === "skipped" ? update : await controller.beside("log", "once");
            return outcomeOf({ update, log }, new Artifacts(cluster));
        },
        // The operator looks at every commit of main; the log is on another branch.
        startsUpdate: async () => repository.newest().files.some((file) => !file.startsWith("audit/")),
        drift: async () => outcomeOf({ drift: await controller.job("relay-drift") }, new Artifacts(cluster)),
        comments: (number) => forge.comments(number),
        issues: () => forge.issues,
        stop: () => {},
    };
}

function withForge(world: Omit<World, "run">, forge: GitHubDouble): World {
    return { ...world, env: { ...world.env, ...forge.env }, run: String(runs++) };
}
