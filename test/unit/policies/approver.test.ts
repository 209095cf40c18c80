import { approver } from "../../../policies/approver.js";
import { analyzed, saidOf } from "./analyzed.js";

const own = { ...process.env };
const MARKERS = ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL", "CI"];

beforeEach(() => {
    for (const name of [...MARKERS, "GITHUB_REF", "QPTUNNEL_APPROVER", "QPTUNNEL_CHANGE"]) delete process.env[name];
});

afterEach(() => {
    process.env = { ...own };
});

function said(environment: Record<string, string>, pullRequests = false): string[] {
    Object.assign(process.env, environment);
    return saidOf(approver, analyzed("Registry", {}), { pullRequests });
}

const REFUSED = [
    "relay office: this pipeline names no approver of the change; set QPTUNNEL_APPROVER to the person who approved it",
];

test("outside of a pipeline no approver is needed", () => {
    expect(said({})).toEqual([]);
    expect(said({ CI: "false", QPTUNNEL_CHANGE: "CHG-1" })).toEqual([]);
});

test.each([{ GITHUB_ACTIONS: "true" }, { CI: "true" }, { BUILDKITE: "true", BUILDKITE_UNBLOCKER: "" }])(
    "a pipeline without an approver is refused: %j",
    (environment) => {
        expect(said(environment)).toEqual(REFUSED);
    },
);

test.each([
    { GITHUB_ACTIONS: "true", QPTUNNEL_APPROVER: "ines" },
    { CI: "true", QPTUNNEL_APPROVER: "ines" },
    { BUILDKITE: "true", BUILDKITE_UNBLOCKER: "ines" },
])("a pipeline that names one is accepted: %j", (environment) => {
    expect(said(environment)).toEqual([]);
});

test("a run for a pull request needs none, unless it is asked for", () => {
    const environment = { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/pull/7/merge" };
    expect(said(environment)).toEqual([]);
    expect(said(environment, true)).toEqual(REFUSED);
});
