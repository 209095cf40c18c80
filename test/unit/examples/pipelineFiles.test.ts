import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parse } from "yaml";

import { PLUGIN_FILES } from "../../../cli/initPlugin.js";
import { readResources } from "../../lab/pipelines/resources.js";

// What the folders of examples/pipelines share is the same in each, so that a change of one is not forgotten in another.

const root = resolve(__dirname, "../../../examples/pipelines");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const KINDS = ["github", "gitlab", "operator"];

it.each([
    "index.ts",
    "peers.yaml",
    "Pulumi.yaml",
    "package.json",
    "tsconfig.json",
    ".gitignore",
    "pipeline/log.sh",
    "pipeline/drift.sh",
])("%s is the same in all of them", (file) => {
    expect(KINDS.map((kind) => read(join(kind, file)))).toEqual(KINDS.map(() => read(join("github", file))));
});

it("starts the plugin with the files that qp-tunnel init writes", () => {
    for (const kind of KINDS) {
        expect(readdirSync(join(root, kind, "plugin")).sort()).toEqual(
            Object.keys(PLUGIN_FILES).map((file) => file.replace("plugin/", "")).sort(), // prettier-ignore
        );
        for (const [file, text] of Object.entries(PLUGIN_FILES)) expect(read(join(kind, file))).toBe(text);
    }
});

it("reviews for the operator with the jobs of GitHub Actions", () => {
    interface Workflow {
        env: Record<string, string>;
        jobs: Record<string, unknown>;
    }
    const relay = parse(read("github/.github/workflows/relay.yml")) as Workflow;
    const review = parse(read("operator/.github/workflows/review.yml")) as Workflow;
    expect(review.jobs).toEqual({ preview: relay.jobs["preview"], comment: relay.jobs["comment"] });
    expect(read("operator/pipeline/issue.sh")).toBe(read("github/pipeline/issue.sh"));
});

it("lets updates wait for each other, and nothing end or replace one", () => {
    const { jobs } = parse(read("github/.github/workflows/relay.yml")) as {
        jobs: Record<string, { concurrency?: unknown }>;
    };
    expect(jobs["apply"]!.concurrency).toEqual({ group: "relay-apply", "cancel-in-progress": false });
    expect([jobs["preview"]!.concurrency, jobs["comment"]!.concurrency]).toEqual([undefined, undefined]);
    expect(read("github/.github/workflows/drift.yml")).not.toMatch(/^ *concurrency:/m);
    expect(parse(read("gitlab/.gitlab-ci.yml"))).toMatchObject({ apply: { resource_group: "relay" } });
});

it.each(["stack", "drift", "program"])("%s.yaml has resources that the cluster's definitions know", (name) => {
    const resources = readResources(join(root, `operator/kubernetes/${name}.yaml`));
    expect(
        resources.every(({ kind, metadata }) => kind === "ClusterRoleBinding" || metadata.namespace === "relay"),
    ).toBe(true);
});

it("names secrets, claims and images of the operator's resources as the page does", () => {
    const resources = ["stack", "drift", "program"].map((name) => read(`operator/kubernetes/${name}.yaml`)).join("\n");
    const page = read("operator/README.md");
    const keys = [...resources.matchAll(/name: relay\n +key: (\w+)/g)].map(([, key]) => key!);
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
    const claims = [...resources.matchAll(/claimName: (\S+)/g)].map(([, claim]) => claim!);
    for (const claim of claims)
        expect(resources).toContain(`kind: PersistentVolumeClaim\nmetadata:\n  name: ${claim}\n`);
    expect(new Set([...resources.matchAll(/image: (\S+)/g)].map(([, image]) => image)).size).toBe(1);
});
