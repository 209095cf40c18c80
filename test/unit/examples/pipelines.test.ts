import { openBench } from "../../lab/pipelines/bench.js";
import { doubledEngine } from "../../lab/pipelines/doubles.js";
import { missedMirror, overtakenPushes, pipelineScenarios } from "../../lab/pipelines/scenarios.js";

// The pipelines of examples/pipelines run as their YAML says, in fresh clones, with doubles of the engine, the relay and the
// forge. test/integration/gitops runs the same with the real engine on a relay.

jest.setTimeout(240_000);

describe("GitHub Actions with the log in git", () => {
    overtakenPushes(pipelineScenarios(() => openBench("github", false, doubledEngine)));
});

describe("GitHub Actions with the log on a mirror", () => {
    missedMirror(pipelineScenarios(() => openBench("github", true, doubledEngine)));
});

describe("GitLab CI with the log in git", () => {
    overtakenPushes(pipelineScenarios(() => openBench("gitlab", false, doubledEngine)));
});

describe("GitLab CI with the log on a mirror", () => {
    missedMirror(pipelineScenarios(() => openBench("gitlab", true, doubledEngine)));
});

describe("the Kubernetes operator with the log on a volume and its copy in git", () => {
    pipelineScenarios(() => openBench("operator", false, doubledEngine));
});
