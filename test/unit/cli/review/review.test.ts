import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { Review } from "../../../../core/review/model.js";
import { AFTER, BEFORE, digest, SAID, stepsOf } from "../../core/review/plans.js";
import { run } from "../run.js";

// The command has a clock of its own: nothing here depends on the day.
const { old: _expired, ...peers } = BEFORE.peers;
const PLAN = digest(stepsOf({ ...BEFORE, peers }, AFTER), SAID);

let folder: string;
const inFolder = (name: string): string => join(folder, name);
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-review-"));
    writeFileSync(inFolder("plan.json"), PLAN);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("writes a comment", async () => {
    const { code, stdout, stderr } = await run("review", inFolder("plan.json"));
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^## Relays: 1 peer added, 1 peer cut off, /);
});

it("writes a comment, a page and JSON into files or to standard output", async () => {
    const [comment, page] = [inFolder("review.md"), inFolder("review.html")];
    expect(await run("review", inFolder("plan.json"), "-o", comment, "--html", page)).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(comment, "utf8")).toContain("### Access before and after");
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>\n/);
    const { stdout } = await run("review", inFolder("plan.json"), "--json", "--forge", "gitlab");
    expect((JSON.parse(stdout) as Review).relays[0]?.peers.cut).toEqual([{ name: "alice", addresses: ["10.8.0.2"] }]);
}); // prettier-ignore

it("exits with status 1 for what it is told to fail on, and writes the comment all the same", async () => {
    const { code, stdout, stderr } = await run("review", inFolder("plan.json"), "--fail-on", "cut,all-ports,no-expiry");
    expect([code, stderr]).toEqual([
        1,
        "cut: hub: alice is cut off\nall-ports: hub: bob is now allowed to reach 192.168.7.0/24 all\n",
    ]);
    expect(stdout).toContain("## Relays: ");
    expect((await run("review", inFolder("plan.json"), "--fail-on", "no-expiry,removed")).code).toBe(0);
});

it("exits with status 1 for a preview that failed", async () => {
    writeFileSync(inFolder("plan.json"), digest([], [{ severity: "error", message: "no" }]));
    expect(await run("review", inFolder("plan.json"))).toMatchObject({ code: 1, stderr: "the preview failed\n" });
});

it("runs the preview itself, with what does not change", async () => {
    writeFileSync(inFolder("next.json"), digest(stepsOf(undefined, AFTER)));
    writeFileSync(
        inFolder("pulumi"),
        `#!/bin/sh\necho "$@" > ${inFolder("asked")}\ncat ${inFolder("next.json")}\n`,
        { mode: 0o755 },
    );
    const childProcess = jest.requireActual<typeof import("node:child_process")>("node:child_process");
    const { spawn } = childProcess;
    // What a test sets in its environment reaches no other process.
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
    jest.spyOn(childProcess, "spawn").mockImplementation(((program: string, args: string[], options: object) =>
        spawn(program, args, { ...options, env })) as typeof spawn);
    expect(await run("review", "--stack", "prod")).toMatchObject({ code: 0, stdout: expect.stringContaining("`hub` is created") as string });
    expect(readFileSync(inFolder("asked"), "utf8")).toBe(
        "preview --json --show-sames --non-interactive --color never --stack prod\n",
    );
    writeFileSync(inFolder("pulumi"), "#!/bin/sh\necho 'error: no stack selected' >&2\nexit 255\n", { mode: 0o755 });
    expect(await run("review")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("pulumi preview --json: no stack selected; run this in") as string,
    });
}); // prettier-ignore

it.each([
    [["missing.json"], "missing.json: there is no such file; write it with pulumi preview --json --show-sames > plan.json"],
    [["plan.json", "--forge", "gitea"], '--forge: "gitea" is not known; choose github or gitlab'],
    [["plan.json", "--fail-on", "all"], '--fail-on: "all" is not a reason to fail; choose from '],
    [["plan.json", "--stack", "dev"], "--stack: cannot be combined with a file; the file has a stack's preview"],
])("%j is wrong usage", async ([name = "", ...args], message) => {
    const { code, stdout, stderr } = await run("review", inFolder(name), ...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
}); // prettier-ignore
