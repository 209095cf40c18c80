import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

import type { RelayPolicyConfig } from "../../policies/index.js";
import { searchPath, type Stack } from "./stack.js";

const ROOT = resolve(__dirname, "../..");

/**
 * Writes a policy pack into a stack's project, as its author would.
 *
 * @returns its folder, for `--policy-pack`
 */
export function writePolicyPack(stack: Stack, name: string, config: RelayPolicyConfig): string {
    return writePack(stack, name, {
        "package.json": JSON.stringify({ name, version: "1.0.0", main: "index.js" }),
        "index.js": `
            const { PolicyPack } = require("@pulumi/policy");
            const { relayPolicies } = require("pulumi-qp-tunnel/policies");
            new PolicyPack("relays", { enforcementLevel: "mandatory", policies: relayPolicies(${JSON.stringify(config)}) });`,
    });
}

/** The policy pack of docs/policies.md, in TypeScript and to the letter. */
export function writeDocumentedPack(stack: Stack): string {
    const page = readFileSync(join(ROOT, "docs/policies.md"), "utf8");
    const block = (language: string): string =>
        new RegExp("^```" + language + "\\n(.*?)^```$", "ms").exec(page)?.[1] ?? "";
    return writePack(stack, "policies", { "package.json": block("json"), "index.ts": block("ts") });
}

function writePack(stack: Stack, name: string, files: Record<string, string>): string {
    const folder = join(stack.folder, name);
    const modules = join(folder, "node_modules");
    mkdirSync(modules, { recursive: true });
    symlinkSync(ROOT, join(modules, "pulumi-qp-tunnel"));
    for (const each of ["@pulumi", "@types", "typescript", "ts-node"])
        symlinkSync(join(ROOT, "node_modules", each), join(modules, each));
    const runtime = isRelease() ? "nodejs" : analyzerOf(stack);
    writeFileSync(join(folder, "PulumiPolicy.yaml"), JSON.stringify({ runtime }));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    return folder;
}

/** Whether the engine is Pulumi's own release, whose Node language host runs policy packs. */
function isRelease(): boolean {
    const pulumi = searchPath()
        .split(delimiter)
        .map((each) => join(each, "pulumi"))
        .find((file) => existsSync(file));
    return pulumi !== undefined && existsSync(join(dirname(realpathSync(pulumi)), "pulumi-resource-pulumi-nodejs"));
}

/**
 * The language host that `npm run tools` builds is older than that. The engine then runs an analyzer by the name of the pack's runtime; this
 * one does what a release does.
 */
function analyzerOf(stack: Stack): string {
    const runtime = "labnode";
    const file = join(stack.folder, "bin", `pulumi-analyzer-policy-${runtime}`);
    mkdirSync(dirname(file), { recursive: true });
    const runner = `$(node -p "require.resolve('@pulumi/pulumi/cmd/run-policy-pack')")`;
    writeFileSync(file, `#!/bin/sh\nexec node "${runner}" "$@"\n`);
    chmodSync(file, 0o755);
    return runtime;
}
