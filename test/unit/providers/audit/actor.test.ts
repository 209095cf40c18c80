import { userInfo } from "node:os";

import { currentCiRun, currentUser } from "../../../../providers/audit/actor.js";

test("without a pipeline and sudo it is the account", () => {
    expect(currentUser({})).toBe(userInfo().username);
    expect(currentCiRun({})).toBeUndefined();
});

test("under sudo it is who called sudo", () => {
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
