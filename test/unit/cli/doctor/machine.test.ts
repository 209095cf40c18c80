import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { compilerProblem, examineMachine, examineTools } from "../../../../cli/doctor/machine.js";
import type { Finding } from "../../../../cli/doctor/finding.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const { PATH } = process.env;

function put(name: string, text: string, mode = 0o644): void {
    const file = join(scratch.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
}
beforeEach(() => {
    process.env["PATH"] = join(scratch.path, "bin");
    put("bin/pulumi", "#!/bin/sh\necho v3.259.0\n", 0o755);
    put("bin/pulumi-language-nodejs", "", 0o755);
    put("Pulumi.yaml", "name: shop\nruntime: nodejs\nplugins: { providers: [{ name: qptunnel, path: ./plugin }] }\n");
    put("plugin/pulumi-resource-qptunnel", "", 0o755);
    put("node_modules/pulumi-qp-tunnel/package.json", '{"version": "0.2.0"}');
});
afterEach(() => {
    process.env["PATH"] = PATH;
});
const named = async (name: string): Promise<Finding | undefined> =>
    (await examineMachine(scratch.path)).find((each) => each.name === name);

it("finds the programs and the project, each with what it found", async () => {
    expect(await examineMachine(scratch.path)).toEqual([
        { name: "node", state: "ok", found: process.versions.node },
        { name: "pulumi", state: "ok", found: "3.259.0" },
        { name: "language host", state: "ok", found: join(scratch.path, "bin/pulumi-language-nodejs") },
        { name: "project", state: "ok", found: "Pulumi.yaml" },
        { name: "plugin", state: "ok", found: "./plugin, pulumi-qp-tunnel 0.2.0" },
    ]);
});

it("a plugin on PATH does without an entry in the project, and an engine without a folder in it", async () => {
    put("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
    expect((await named("plugin"))?.state).toBe("problem");
    put("bin/pulumi-resource-qptunnel", "", 0o755);
    expect(await named("plugin")).toEqual({
        name: "plugin",
        state: "ok",
        found: join(scratch.path, "bin/pulumi-resource-qptunnel"),
    });
    rmSync(join(scratch.path, "bin/pulumi"));
    expect(await named("pulumi")).toMatchObject({ state: "problem", found: "is not on PATH" });
    expect(await named("language host")).toBeUndefined();
});

it.each<[string, string | undefined, Partial<Finding> | undefined]>([
    [
        "nodejs",
        undefined,
        {
            found: expect.stringContaining("is not installed in this project") as string,
            fix: "npm install --save-dev typescript@5",
        },
    ],
    ["nodejs", "4.4.9", { found: "4.4.9 does not know `import { type … }`" }],
    ["nodejs", "4.5.0", undefined],
    ["{ name: nodejs, options: { typescript: false } }", undefined, undefined],
])("a program for the runtime %s with typescript %s: %j", (runtime, version, problem) => {
    put("Pulumi.yaml", `name: shop\nruntime: ${runtime}\n`);
    put("index.ts", "");
    if (version !== undefined) put("node_modules/typescript/package.json", JSON.stringify({ version }));
    const found = compilerProblem(scratch.path);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ name: "typescript", state: "problem", ...problem });
});

it("a JavaScript program needs no compiler", () => {
    put("index.js", "");
    expect(compilerProblem(scratch.path)).toBeUndefined();
});

describe("tools of a relay", () => {
    const getuid = (uid: number): void => void jest.spyOn(process, "getuid" as never).mockReturnValue(uid as never);

    it("are looked for only where a relay needs them", () => {
        expect(examineTools(new Set(), true)).toEqual([]);
        expect(examineTools(new Set(["script"]), true)).toEqual([]);
        put("bin/ssh", "", 0o755);
        expect(examineTools(new Set(["ssh"]), true)).toEqual([
            { name: "ssh", state: "ok", found: join(scratch.path, "bin/ssh") },
        ]);
    });

    it("on this machine include Caddy where there are services, and need root", () => {
        for (const name of ["bash", "wg", "nft", "ip", "curl", "flock", "awk"]) put(`bin/${name}`, "", 0o755);
        getuid(1000);
        expect(examineTools(new Set(["local"]), false)).toEqual([
            { name: "tools", state: "ok", found: "bash, wg, nft, ip, curl, flock, awk" },
            {
                name: "root",
                state: "warn",
                found: "a relay is on this machine, and the current user is not root",
                fix: "run `pulumi up` as root",
            },
        ]);
        getuid(0);
        rmSync(join(scratch.path, "bin/flock"));
        const [tools, ...more] = examineTools(new Set(["local"]), true);
        expect(tools).toMatchObject({
            state: "problem",
            found: expect.stringMatching(/^missing on this machine: .*caddy$/) as string,
        });
        expect(more).toEqual([]);
    });
});

it("names the commands of the project's package manager", async () => {
    put("yarn.lock", "");
    put("index.ts", "");
    expect(compilerProblem(scratch.path)).toMatchObject({ fix: "yarn add --dev typescript@5" });
    rmSync(join(scratch.path, "node_modules"), { recursive: true });
    expect(await named("plugin")).toMatchObject({ fix: "yarn install" });
    rmSync(join(scratch.path, "plugin"), { recursive: true });
    expect(await named("plugin")).toMatchObject({ fix: "run `yarn run qp-tunnel init`, and commit what it writes" });
});
