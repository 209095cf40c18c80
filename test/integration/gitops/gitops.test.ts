import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { Lab, type TOPOLOGY } from "../../lab/index.js";
import { execute } from "../../lab/processes.js";
import { type Declared, Stack, searchPath } from "../../lab/stack.js";
import { withKeys } from "../engine/fixtures.js";
import { git, Repository } from "./repository.js";
import { type Conclusion, type RunOptions, runJob, workflowIn } from "./workflow.js";

// The workflow of docs/gitops.md, as it is printed there: its commands run in fresh clones of a bare repository, on a relay of
// the laboratory.

jest.setTimeout(300_000);

const ROOT = join(__dirname, "../../..");
const WORKFLOW = workflowIn(readFileSync(join(ROOT, "docs/gitops.md"), "utf8"));
const peers = withKeys("alice", "bob", "carol", "dora", "erik").map(({ name, publicKey }) => ({ name, publicKey }));
const LOG = "audit/prod.jsonl";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let repository: Repository;

beforeAll(async () => {
    lab = await Lab.create("gitops");
    stack = await Stack.create({
        namespace: lab.node("relay").namespace,
        interface: lab.interface("relay"),
        peers: peers.slice(0, 1),
        audit: { signingKey: "env:AUDIT_KEY", onBehind: "warn" },
    });
    await stack.succeed(["stack", "init", "prod"]);
    repository = new Repository(stack, mkdtempSync(join(lab.folder, "git-")));
    repository.push({});
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("ignores the lock of the log alone", () => {
    const { author } = repository;
    writeFileSync(join(author, "yarn.lock"), "");
    mkdirSync(join(author, "audit"), { recursive: true });
    writeFileSync(join(author, `${LOG}.lock`), "");
    expect(git(author, "status", "--porcelain", "-uall").trim()).toBe("?? yarn.lock");
    expect(readFileSync(join(ROOT, "docs/gitops.md"), "utf8")).toContain("`audit/*.lock`");
});

it("has applies wait for each other, and nothing that ends one", () => {
    const { preview, apply } = WORKFLOW.jobs;
    expect(preview!.concurrency).toBeUndefined();
    expect(apply!.concurrency).toEqual({ group: "relay-apply", "cancel-in-progress": false });
    expect("concurrency" in WORKFLOW).toBe(false);
    // Of several that wait GitHub keeps the newest: it has to apply what the others would have.
    expect(apply!.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"))!.with).toEqual({ ref: "main" });
    expect(WORKFLOW.on["push"]).toEqual({ branches: ["main"], "paths-ignore": ["audit/**"] });
});

it("previews, applies, and brings the log to main", async () => {
    expect(await run("preview", { event: "pull_request" })).toMatchObject({
        green: true,
        text: expect.stringContaining("alice will be added at 10.8.0.2") as string,
    });
    expect(await run("apply")).toMatchObject({ green: true });
    expect(records()).toBeGreaterThan(5);
});

it("is green when there is nothing to do, and commits nothing", async () => {
    const before = git(repository.author, "ls-remote", "origin", "main");
    expect(await run("apply")).toMatchObject({ green: true });
    expect(git(repository.author, "ls-remote", "origin", "main")).toBe(before);
});

it("loses no record when somebody pushes while it applies", async () => {
    repository.push({ peers: peers.slice(0, 2) });
    const before = records();
    const meanwhile = (command: string): void => {
        if (command.includes("git push")) repository.push({ peers: peers.slice(0, 3) });
    };
    expect(await run("apply", { before: meanwhile })).toMatchObject({ green: true });
    expect(records()).toBeGreaterThan(before);
    // The other push is there as well, and its own run goes on from the log of the first.
    expect(program().peers).toHaveLength(3);
    const second = await run("apply");
    expect(second).toMatchObject({ green: true, text: expect.stringContaining("carol will be added") as string });
    await verified();
});

it("loses no record when two runs do not wait for each other: the one that comes late refuses, the next one goes on", async () => {
    repository.push({ peers: peers.slice(0, 4) });
    let late: Promise<Conclusion> | undefined;
    // Another change: its run has a clone from before the first pushes its log, and applies after that.
    const first = run("apply", {
        before: async (command) => {
            if (!command.includes("git push")) return;
            repository.push({ peers });
            let cloned: () => void = () => {};
            const ready = new Promise<void>((resolve) => (cloned = resolve));
            late = run("apply", {
                before: async (step) => {
                    cloned();
                    if (step.startsWith("pulumi up")) await first;
                },
            });
            await ready;
        },
    });
    expect(await first).toMatchObject({ green: true });
    expect(await late).toMatchObject({ green: false, text: expect.stringContaining("older than the state") as string });
    expect(await run("apply")).toMatchObject({
        green: true,
        text: expect.stringContaining("erik will be added") as string,
    });
    await verified();
});

it("keeps the records of an update that failed, and is red", async () => {
    const before = records();
    repository.push({ listenPort: 22222 });
    const nft = repository.program("nft", "echo no >&2\nexit 1");
    const failed = await run("apply");
    rmSync(nft);
    expect(failed.green).toBe(false);
    expect(records()).toBeGreaterThan(before);
    expect(lines().map(({ status }) => status)).toContain("failure");
    expect(await run("apply")).toMatchObject({ green: true });
    await verified();
});

it("keeps the records on a branch when the log was changed on main meanwhile", async () => {
    const before = records();
    repository.push({ listenPort: 22223 });
    const foreign = (command: string): void => {
        if (!command.includes("git push")) return;
        git(repository.author, "pull", "-q", "--rebase", "origin", "main");
        writeFileSync(join(repository.author, LOG), `${repository.show(LOG)}{"somebody": "else"}\n`);
        repository.commit();
    };
    const { green } = await run("apply", { before: foreign });
    expect(green).toBe(false);
    const kept = repository.show(LOG, "relay-log-4711-1");
    expect(kept).not.toContain("somebody");
    expect(kept.trimEnd().split("\n").length).toBeGreaterThan(before);
});

function run(job: string, more: Partial<RunOptions> = {}): Promise<Conclusion> {
    const settings = {
        PULUMI_BACKEND_URL: stack.env["PULUMI_BACKEND_URL"]!,
        PULUMI_CONFIG_PASSPHRASE: stack.env["PULUMI_CONFIG_PASSPHRASE"]!,
        AUDIT_KEY: "42".repeat(32),
    };
    const env = { ...stack.env, PATH: [repository.bin, searchPath()].join(delimiter) };
    const { folder, origin } = repository;
    return runJob(WORKFLOW, job, { folder, origin, event: "push", settings, env, ...more });
}

/** The log on main. */
function lines(): { status: string }[] {
    const text = repository.show(LOG);
    return text.trimEnd().split("\n").map((line) => JSON.parse(line) as { status: string }); // prettier-ignore
}

function records(): number {
    return lines().length;
}

function program(): Declared {
    return JSON.parse(repository.show("program.json")) as Declared;
}

/** The log on main is whole, and holds what the state pins. */
async function verified(): Promise<void> {
    const file = join(mkdtempSync(join(repository.folder, "log-")), "prod.jsonl");
    writeFileSync(file, repository.show(LOG));
    const state = join(repository.folder, "state.json");
    await stack.succeed(["stack", "export", "--stack", "prod", "--file", state]);
    const command = [process.execPath, join(ROOT, "dist/cli/main.js"), "audit", "verify", file, "--state", state];
    const { code, stdout, stderr } = await execute(command);
    expect([code, stdout + stderr]).toEqual([0, expect.any(String)]);
}
