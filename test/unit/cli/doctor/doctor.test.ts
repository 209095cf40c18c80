import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Finding } from "../../../../cli/doctor/finding.js";
import { version } from "../../../../package.json";
import { SEED } from "../../core/audit/logs.js";
import { exported, story } from "../story.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const before = { ...process.env };

const MANIFEST = "name: shop\nruntime: nodejs\nplugins: { providers: [{ name: qptunnel, path: ./plugin }] }\n";
const HOST = { kind: "script", path: "out/relay.sh" };
const PROXY = { addresses: ["10.8.0.1"], authorities: {} };
const AUDIT = { path: "audit/dev.jsonl", project: "shop", stack: "dev", signingKey: "env:DOCTOR_KEY" };

/** A file of the project, with what is above it. */
function put(name: string, text: string, mode = 0o644): void {
    const file = join(scratch.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
}

beforeEach(() => {
    jest.spyOn(process, "cwd").mockReturnValue(scratch.path);
    const { marks, checkpoint, bytes } = story();
    const place = { appName: "qp-tunnel", interface: "wg0", host: HOST, audit: AUDIT };
    put("state.json", exported(marks, [checkpoint], { inputs: { ...place, ...PROXY }, services: {} }));
    put("audit/dev.jsonl", bytes.toString("utf8"));
    put("Pulumi.yaml", MANIFEST);
    put("index.ts", "");
    put("plugin/pulumi-resource-qptunnel", "#!/bin/sh\n", 0o755);
    for (const [name, of] of Object.entries({ typescript: "5.9.3", "pulumi-qp-tunnel": version }))
        put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: of }));
    put("bin/pulumi", "#!/bin/sh\necho v3.259.0\n", 0o755);
    put("bin/pulumi-language-nodejs", "#!/bin/sh\n", 0o755);
    Object.assign(process.env, { PATH: join(scratch.path, "bin"), DOCTOR_KEY: SEED.toString("hex") });
});

afterEach(() => {
    jest.restoreAllMocks();
    process.env = { ...before };
});

async function examined(): Promise<{ code: number; findings: Finding[] }> {
    const { code, stdout } = await run("doctor", "--json", "--state", join(scratch.path, "state.json"));
    const { findings, valid } = JSON.parse(stdout) as { valid: boolean; findings: Finding[] };
    expect(valid).toBe(code === 0);
    return { code, findings };
}

it("finds nothing wrong where all is here, a line each", async () => {
    const { code, stdout } = await run("doctor", "--state", join(scratch.path, "state.json"));
    expect(stdout.trimEnd().split("\n")).toEqual([
        `ok       node: ${process.versions.node}`,
        "ok       pulumi: 3.259.0",
        `ok       language host: ${join(scratch.path, "bin/pulumi-language-nodejs")}`,
        "ok       project: Pulumi.yaml",
        `ok       plugin: ./plugin, pulumi-qp-tunnel ${version}`,
        "ok       typescript: 5.9.3",
        "ok       state: 3 resources of this library",
        "ok       log: audit/dev.jsonl: 14 records, intact, with everything that the state pins",
        "ok       signing key: env:DOCTOR_KEY",
        expect.stringMatching(/^ok {7}relay relay: .*it has no remote access/),
    ]);
    expect(code).toBe(0);
});

it.each<[string, () => void, Partial<Finding>]>([
    [
        "no engine",
        () => rmSync(join(scratch.path, "bin/pulumi")),
        {
            name: "pulumi",
            found: "is not on PATH",
            fix: "install the pulumi CLI: https://www.pulumi.com/docs/install/",
        },
    ],
    [
        "an engine that does not run",
        () => put("bin/pulumi", "#!/bin/sh\nexit 1\n", 0o755),
        { name: "pulumi", fix: "install the pulumi CLI again" },
    ],
    ["no language host", () => rmSync(join(scratch.path, "bin/pulumi-language-nodejs")), { name: "language host" }],
    ["a Pulumi.yaml that is none", () => put("Pulumi.yaml", "name: [\n"), { name: "project", fix: "repair the file" }],
    [
        "no plugin",
        () => put("Pulumi.yaml", "name: shop\nruntime: nodejs\n"),
        { name: "plugin", fix: "run `npx --no qp-tunnel init`, and commit what it writes" },
    ],
    ["no script of the plugin", () => rmSync(join(scratch.path, "plugin"), { recursive: true }), { name: "plugin" }],
    [
        "a script that is not executable",
        () => put("plugin/pulumi-resource-qptunnel", "", 0o644),
        { name: "plugin", fix: expect.stringMatching(/^chmod \+x /) as string },
    ],
    [
        "packages that were not installed",
        () => rmSync(join(scratch.path, "node_modules/pulumi-qp-tunnel"), { recursive: true }),
        { name: "plugin", fix: "npm install" },
    ],
    [
        "no typescript",
        () => rmSync(join(scratch.path, "node_modules/typescript"), { recursive: true }),
        {
            name: "typescript",
            found: "is not installed in this project: Pulumi then compiles with its own 3.8, which does not know `import { type … }`",
            fix: "npm install --save-dev typescript@5",
        },
    ],
    [
        "Pulumi's own typescript",
        () => put("node_modules/typescript/package.json", '{"version": "3.8.3"}'),
        { name: "typescript", found: "3.8.3 does not know `import { type … }`" },
    ],
    [
        "no log",
        () => rmSync(join(scratch.path, "audit/dev.jsonl")),
        { name: "log", found: "audit/dev.jsonl does not exist" },
    ],
    ["a log that was cut", () => put("audit/dev.jsonl", story().texts.slice(0, 5).join("")), { name: "log" }],
    [
        "a log that was changed",
        () => put("audit/dev.jsonl", story().bytes.toString("utf8").replace("Added peer alice", "Added peer malic")),
        { name: "log", found: expect.stringContaining("line 3 of audit/dev.jsonl") as string },
    ],
    [
        "no signing key",
        () => delete process.env["DOCTOR_KEY"],
        { name: "signing key", found: expect.stringContaining("the variable is not set") as string },
    ],
    [
        "another signing key",
        () => (process.env["DOCTOR_KEY"] = "ab".repeat(32)),
        { name: "signing key", fix: expect.stringContaining("copy the current key") as string },
    ],
    ["a state that is none", () => put("state.json", "{"), { name: "state" }],
])("names what is wrong and what to do: %s", async (_what, spoil, expected) => {
    // prettier-ignore
    spoil();
    const { code, findings } = await examined();
    expect(code).toBe(1);
    const problems = findings.filter(({ state }) => state === "problem");
    expect(problems).toEqual([expect.objectContaining({ ...expected, fix: expected.fix ?? (expect.any(String) as string) })]); // prettier-ignore
});

it("says which tools a relay on this machine lacks", async () => {
    const { marks, checkpoint } = story();
    const place = { appName: "qp-tunnel", interface: "wg0", host: { kind: "ssh", address: "192.0.2.1", hostKey: "none" }, audit: AUDIT }; // prettier-ignore
    put("state.json", exported(marks, [checkpoint], { inputs: { ...place, ...PROXY }, services: {} }));
    const { findings } = await examined();
    expect(findings.filter(({ state }) => state === "problem").map(({ name }) => name)).toEqual(["ssh", "relay relay"]);
});

it("outside of a project says so, and takes no wrong time", async () => {
    rmSync(join(scratch.path, "Pulumi.yaml"));
    const { findings } = await examined();
    expect(findings.find(({ name }) => name === "project")).toEqual({
        name: "project",
        state: "warn",
        found: "there is no Pulumi.yaml in this folder",
        fix: "run this in the folder of a project",
    });
    expect(await run("doctor", "--timeout", "soon")).toMatchObject({
        code: 2,
        stderr: "error: --timeout: soon is not a number of seconds; give an integer ≥ 1\n",
    });
});
