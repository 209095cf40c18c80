import { openBench } from "../../lab/pipelines/bench.js";
import { realEngine } from "../../lab/pipelines/realEngine.js";
import { missedMirror, overtakenPushes, pipelineScenarios } from "../../lab/pipelines/scenarios.js";

// As pipelines.test.ts, for the other forges and places of the log.

jest.setTimeout(600_000);

describe("GitHub Actions with the log on a mirror", () => {
    missedMirror(pipelineScenarios(() => openBench("github", true, (backend) => realEngine("ghmirror", backend))));
});

describe("GitLab CI with the log in git", () => {
    overtakenPushes(pipelineScenarios(() => openBench("gitlab", false, (backend) => realEngine("glgit", backend))));
});

describe("GitLab CI with the log on a mirror", () => {
    missedMirror(pipelineScenarios(() => openBench("gitlab", true, (backend) => realEngine("glmirror", backend))));
});

describe("the Kubernetes operator with the log on a volume and its copy in git", () => {
    pipelineScenarios(() => openBench("operator", false, (backend) => realEngine("k8s", backend)));
});
