import {
    isTriggered,
    readWorkflow,
    runWorkflow,
    type GitHubEvent,
    type Workflow,
} from "../../../lab/pipelines/github.js";
import { scratchWorld } from "./pipelinesOf.js";

jest.setTimeout(120_000);

const PUSH: GitHubEvent = { name: "push", ref: "refs/heads/main" };
const world = scratchWorld({ SECRET: "hush", EMPTY: "" });

afterAll(() => world.close());

const workflow = (jobs: string, on = "push:"): Workflow =>
    readWorkflow(
        world.write("workflow.yml", `name: test\non:\n  ${on}\npermissions:\n  contents: read\njobs:\n${jobs}`),
    );

it("starts a workflow by its branches and paths", () => {
    const jobs = "  a:\n    runs-on: x\n    steps: []\n";
    const some = workflow(jobs, 'push: { branches: [main], paths-ignore: ["audit/**"] }');
    expect(isTriggered(some, PUSH)).toBe(true);
    expect(isTriggered(some, { ...PUSH, files: ["audit/prod.jsonl"] })).toBe(false);
    expect(isTriggered(some, { ...PUSH, files: ["audit/prod.jsonl", "index.ts"] })).toBe(true);
    expect(isTriggered(some, { ...PUSH, ref: "refs/heads/other" })).toBe(false);
    expect(isTriggered(some, { ...PUSH, name: "schedule" })).toBe(false);
});

it("skips steps after one that failed, unless their condition says otherwise, and jobs that need it", async () => {
    const { jobs, green, text } = await runWorkflow(
        workflow(`
  first:
    runs-on: x
    steps:
      - uses: actions/checkout@v4
      - run: cat file; false | true; echo "$TOLD ${"${{ vars.EMPTY || 'none' }}"}"
        env: { TOLD: "${"${{ secrets.SECRET }}"}" }
      - run: exit 3
        continue-on-error: true
      - id: bad
        run: exit 3
      - run: echo never
      - if: always() && steps.bad.outcome == 'failure'
        run: echo always
  second:
    needs: first
    runs-on: x
    steps:
      - run: echo never
  third:
    needs: [first]
    if: always() && needs.first.result == 'failure'
    runs-on: x
    steps:
      - run: echo third
`),
        PUSH,
        world,
    );
    expect(Object.entries(jobs).map(([name, { result }]) => [name, result])).toEqual([
        ["first", "failure"],
        ["second", "skipped"],
        ["third", "success"],
    ]);
    expect([green, text]).toEqual([false, "content\nhush none\nalways\nthird\n"]);
});

it("gives each job a machine of its own, and artifacts and outputs to those that ask", async () => {
    const { text, green } = await runWorkflow(
        workflow(`
  first:
    runs-on: x
    steps:
      - id: made
        run: mkdir -p out/in && echo one > out/in/a && echo two > b && echo "name=thing" >> "$GITHUB_OUTPUT"
      - run: echo ${"${{ steps.made.outputs.name }}"}
      - uses: actions/upload-artifact@v4
        with: { name: folder, path: out }
      - uses: actions/upload-artifact@v4
        with: { name: files, path: "b\\nmissing" }
  second:
    needs: first
    runs-on: x
    steps:
      - run: ls
      - uses: actions/download-artifact@v4
        with: { name: folder }
      - uses: actions/download-artifact@v4
        with: { name: files }
      - run: cat in/a b
`),
        PUSH,
        world,
    );
    expect([green, text]).toEqual([true, "thing\none\ntwo\n"]);
});

it("lets a job push only with the permission for it", async () => {
    const push = `
    steps:
      - uses: actions/checkout@v4
      - run: git push -q origin HEAD:refs/heads/new-$GITHUB_JOB_NAME`;
    const { jobs } = await runWorkflow(
        workflow(`
  reads:
    runs-on: x
    env: { GITHUB_JOB_NAME: reads }${push}
  writes:
    runs-on: x
    permissions: { contents: write }
    env: { GITHUB_JOB_NAME: writes }${push}
`),
        PUSH,
        world,
    );
    expect([jobs["reads"]!.result, jobs["writes"]!.result]).toEqual(["failure", "success"]);
});

it.each([
    ["  a:\n    runs-on: x\n    strategy: {}\n    steps: []\n", /strategy/],
    ["  a:\n    runs-on: x\n    steps:\n      - shell: sh\n        run: x\n", /shell/],
    ["  a:\n    runs-on: x\n    steps:\n      - uses: someone/else@v1\n", /someone\/else/],
    ["  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ secrets.UNSET }}\n", /secrets\.UNSET/],
    ["  a:\n    needs: b\n    runs-on: x\n    steps: []\n", /a -> b/],
])("refuses what it does not know: %j", async (jobs, why) => {
    await expect((async () => runWorkflow(workflow(jobs), PUSH, world))()).rejects.toThrow(why);
});
