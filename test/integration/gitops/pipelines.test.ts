import { openBench } from "../../lab/pipelines/bench.js";
import { realEngine } from "../../lab/pipelines/realEngine.js";
import { overtakenPushes, pipelineScenarios } from "../../lab/pipelines/scenarios.js";

// examples/pipelines as it stands: the steps of its YAML, in fresh clones, with the real engine on a relay of the laboratory.

jest.setTimeout(600_000);

describe("GitHub Actions with the log in git", () => {
    overtakenPushes(pipelineScenarios(() => openBench("github", false, (backend) => realEngine("ghgit", backend))));
});
