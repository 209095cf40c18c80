import { readConfiguration, runPipeline, type Configuration } from "../../../lab/pipelines/gitlab.js";
import { scratchWorld } from "./pipelinesOf.js";

jest.setTimeout(120_000);

const world = scratchWorld({ TOKEN: "hush" });

afterAll(() => world.close());

const configuration = (text: string): Configuration => readConfiguration(world.write("gitlab-ci.yml", text));
const PUSH = { source: "push", branch: "main" } as const;
const RULES = "\n  rules:\n    - if: $CI_COMMIT_BRANCH";

it("runs the jobs whose rules hold, in the order of stages, with what each inherits", async () => {
    const { jobs, text } = await runPipeline(
        configuration(`
default: { before_script: ["echo before"] }
stages: [one, two]
variables: { WORD: global, OTHER: "$WORD $TOKEN" }
late:
  stage: two
  rules: [{ if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH }]
  variables: { WORD: own }
  before_script: []
  script: ['echo "$WORD"', "cat made"]
early:
  stage: one
  rules: [{ if: $CI_MERGE_REQUEST_IID }, { if: $CI_COMMIT_BRANCH }]
  script: ['echo "$OTHER"', "cat file > made"]
  artifacts: { paths: [made] }
review:
  stage: one
  rules: [{ if: $CI_PIPELINE_SOURCE == "merge_request_event" }]
  script: [echo never]
`),
        PUSH,
        world,
    );
    expect(Object.keys(jobs)).toEqual(["early", "late"]);
    expect(text).toBe("before\nglobal hush\nown\ncontent\n");
});

it("ends a script at its first failure, then runs after_script, whose result changes nothing", async () => {
    const { jobs, green } = await runPipeline(
        configuration(`
stages: [one, two]
bad:
  stage: one${RULES}
  script: [false | true, echo never]
  after_script: [echo after, exit 1]
  artifacts: { when: on_failure, paths: [file] }
good:
  stage: one${RULES}
  script: [echo good]
  after_script: [exit 1]
next:
  stage: two${RULES}
  script: [echo never]
always:
  stage: two
  rules: [{ if: $CI_COMMIT_BRANCH, when: always }]
  needs: [{ job: bad }]
  script: [rm file, echo always]
on failure:
  stage: two
  rules: [{ if: $CI_COMMIT_BRANCH, when: on_failure }]
  needs: [{ job: good }]
  script: [echo never]
`),
        PUSH,
        world,
    );
    expect(Object.entries(jobs).map(([name, { result, text }]) => [name, result, text])).toEqual([
        ["bad", "failure", "after\n"],
        ["good", "success", "good\n"],
        ["next", "skipped", ""],
        ["always", "success", "always\n"],
        ["on failure", "skipped", ""],
    ]);
    expect(green).toBe(false);
});

it("gives a job no right to push, and starts nothing for a commit that says so", async () => {
    const pushing = configuration(
        `stages: [one]\npush:\n  stage: one${RULES}\n  script: [git push -q origin HEAD:other]\n`,
    );
    expect((await runPipeline(pushing, PUSH, world)).green).toBe(false);
    expect((await runPipeline(pushing, { ...PUSH, title: "Log [skip ci]" }, world)).jobs).toEqual({});
});

it.each([
    ["retry: 2", /retry/],
    ["needs: [{ job: other }]", /needs a job/],
    ["variables: { A: $UNSET }", /UNSET/],
])("refuses what it does not know: %s", async (member, why) => {
    const text = `stages: [one]\na:\n  stage: one${RULES}\n  script: [echo]\n  ${member}\n`;
    await expect((async () => runPipeline(configuration(text), PUSH, world))()).rejects.toThrow(why);
});
