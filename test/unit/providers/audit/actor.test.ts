import { userInfo } from "node:os";

import { currentCiRun, currentUser } from "../../../../providers/audit/actor.js";

test("without a pipeline and sudo it is the account", () => {
    expect(currentUser({})).toBe(userInfo().username);
    expect(currentCiRun({})).toBeUndefined();
});

test("under sudo it is the user who called sudo", () => {
    expect(currentUser({ SUDO_USER: "alice", USER: "root" })).toBe("alice");
});

test.each([
    [
        {
            GITHUB_ACTIONS: "true",
            GITHUB_ACTOR: "alice",
            GITHUB_SERVER_URL: "https://git.example",
            GITHUB_REPOSITORY: "o/r",
            GITHUB_RUN_ID: "7",
            GITHUB_SHA: "abc",
        },
        { system: "github", url: "https://git.example/o/r/actions/runs/7", commit: "abc" },
    ],
    [
        {
            GITLAB_CI: "true",
            GITLAB_USER_LOGIN: "alice",
            CI_JOB_URL: "https://bot:secret@git.example/jobs/7",
            CI_COMMIT_SHA: "abc",
        },
        { system: "gitlab", url: "https://git.example/jobs/7", commit: "abc" },
    ],
    [
        {
            BUILDKITE: "true",
            BUILDKITE_BUILD_CREATOR: "alice",
            BUILDKITE_BUILD_URL: "https://ci.example/7",
            BUILDKITE_COMMIT: "abc",
        },
        { system: "buildkite", url: "https://ci.example/7", commit: "abc" },
    ],
    [
        { CIRCLECI: "true", CIRCLE_USERNAME: "alice", CIRCLE_BUILD_URL: "https://ci.example/7", CIRCLE_SHA1: "abc" },
        { system: "circleci", url: "https://ci.example/7", commit: "abc" },
    ],
    [
        {
            TF_BUILD: "True",
            BUILD_REQUESTEDFOR: "alice",
            SYSTEM_COLLECTIONURI: "https://ci.example/o/",
            SYSTEM_TEAMPROJECT: "p",
            BUILD_BUILDID: "7",
            BUILD_SOURCEVERSION: "abc",
        },
        { system: "azure-pipelines", url: "https://ci.example/o/p/_build/results?buildId=7", commit: "abc" },
    ],
    [
        {
            JENKINS_URL: "https://ci.example",
            BUILD_USER_ID: "alice",
            BUILD_URL: "https://ci.example/7",
            GIT_COMMIT: "abc",
        },
        { system: "jenkins", url: "https://ci.example/7", commit: "abc" },
    ],
])("in a pipeline it is who started it (%#)", (env, run) => {
    expect(currentUser({ ...env, SUDO_USER: "runner" })).toBe("alice");
    expect(currentCiRun({ ...env, SECRET_TOKEN: "x" })).toEqual(run);
});

test("a pipeline that does not say who, where and what", () => {
    expect(currentUser({ GITLAB_CI: "true", SUDO_USER: "runner" })).toBe("runner");
    expect(currentCiRun({ GITLAB_CI: "true", CI_JOB_URL: "no url" })).toEqual({ system: "gitlab" });
});

test.each<[string, Record<string, string>, object]>([
    [
        "a pull request on GitHub",
        { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/pull/42/merge", GITHUB_REF_NAME: "42/merge", GITHUB_SHA: "abc" },
        { system: "github", commit: "abc", ref: "42/merge", pull_request: "42" },
    ],
    [
        "a push on GitHub, which names no pull request",
        { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/heads/main", GITHUB_REF_NAME: "main" },
        { system: "github", ref: "main" },
    ],
    [
        "a merge request on GitLab",
        { GITLAB_CI: "true", CI_MERGE_REQUEST_IID: "42", CI_COMMIT_REF_NAME: "feature" },
        { system: "gitlab", ref: "feature", pull_request: "42" },
    ],
    [
        "a step that somebody released on Buildkite",
        { BUILDKITE: "true", BUILDKITE_PULL_REQUEST: "42", BUILDKITE_UNBLOCKER: "carol", BUILDKITE_BRANCH: "main" },
        { system: "buildkite", ref: "main", pull_request: "42", approver: "carol" },
    ],
    ["no pull request on Buildkite", { BUILDKITE: "true", BUILDKITE_PULL_REQUEST: "false" }, { system: "buildkite" }],
    [
        "a pull request on CircleCI",
        { CIRCLECI: "true", CIRCLE_PULL_REQUEST: "https://git.example/o/r/pull/42", CIRCLE_BRANCH: "main" },
        { system: "circleci", ref: "main", pull_request: "42" },
    ],
    [
        "a pull request on Azure Pipelines",
        { TF_BUILD: "True", SYSTEM_PULLREQUEST_PULLREQUESTNUMBER: "42", BUILD_SOURCEBRANCHNAME: "merge" },
        { system: "azure-pipelines", ref: "merge", pull_request: "42" },
    ],
    [
        "a change on Jenkins",
        { JENKINS_URL: "https://ci.example", CHANGE_ID: "42", GIT_BRANCH: "main" },
        { system: "jenkins", ref: "main", pull_request: "42" },
    ],
    [
        "what the organisation says itself, which goes before",
        { BUILDKITE: "true", BUILDKITE_UNBLOCKER: "carol", QPTUNNEL_APPROVER: "dora", QPTUNNEL_CHANGE: "CHG-7" },
        { system: "buildkite", approver: "dora", change: "CHG-7" },
    ],
    ["the same without a pipeline", { QPTUNNEL_CHANGE: "CHG-7" }, { system: "none", change: "CHG-7" }],
])("why: %s", (_what, env, run) => {
    expect(currentCiRun(env)).toEqual(run);
});

test("of an address neither credentials nor query nor fragment are kept, but a build's number", () => {
    const url = (CI_JOB_URL: string) => currentCiRun({ GITLAB_CI: "true", CI_JOB_URL })?.url;
    expect(url("https://bot:canary@git.example/jobs/7?token=canary#canary")).toBe("https://git.example/jobs/7");
    expect(url("https://git.example/jobs?buildId=7&sig=canary")).toBe("https://git.example/jobs?buildId=7");
    expect(url("https://git.example/jobs?buildId=canary")).toBe("https://git.example/jobs");
});
