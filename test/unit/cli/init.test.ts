import {
    chmodSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { run } from "./run.js";

const SCRIPT = "plugin/pulumi-resource-qptunnel";
const FILES = [SCRIPT, `${SCRIPT}.cmd`, "plugin/start.cjs"];
const all = (change: string): Record<string, string> => Object.fromEntries(FILES.map((file) => [file, change]));
const ENTRY = "plugins:\n  providers:\n    - name: qptunnel\n      path: ./plugin\n";

let folder: string;
const before = process.cwd();
beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "qptunnel-init-")));
    process.chdir(folder);
});
afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
});

test("it writes the script and the entry, and a second time nothing", async () => {
    writeFileSync("Pulumi.yaml", "name: shop # ours\nruntime: nodejs\n");
    expect(await run("init")).toEqual({
        code: 0,
        stdout:
            `${FILES.map((file) => `${file}: created\n`).join("")}Pulumi.yaml: updated\n` +
            "next step: commit plugin/ and Pulumi.yaml, then run pulumi preview\n",
        stderr: "",
    });
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(`name: shop # ours\nruntime: nodejs\n${ENTRY}`);
    expect((statSync(SCRIPT).mode & 0o777).toString(8)).toBe("755");
    const { stdout } = await run("init", "--json");
    expect(JSON.parse(stdout)).toEqual({ folder, changes: { ...all("unchanged"), "Pulumi.yaml": "unchanged" } });
});

test("it repairs what was changed", async () => {
    writeFileSync("Pulumi.yaml", `name: shop\n${ENTRY}`);
    await run("init");
    writeFileSync(SCRIPT, "#!/bin/sh\n");
    chmodSync(SCRIPT, 0o644);
    const { stdout } = await run("init", "--json");
    expect(JSON.parse(stdout).changes).toEqual({
        ...all("unchanged"),
        [SCRIPT]: "updated",
        "Pulumi.yaml": "unchanged",
    });
    expect((statSync(SCRIPT).mode & 0o777).toString(8)).toBe("755");
});

test.each([
    [
        "comments, other plugins and their order stay",
        "# the shop\nname: shop\nplugins:\n  # hand-made\n  providers:\n    - name: other # mine\n      path: ./other\n\nruntime: nodejs # 22\n",
        "# the shop\nname: shop\nplugins:\n  # hand-made\n  providers:\n    - name: other # mine\n      path: ./other\n    - name: qptunnel\n      path: ./plugin\n\nruntime: nodejs # 22\n",
    ],
    [
        "a path into node_modules and a version are put right",
        "plugins:\n  providers:\n    - name: qptunnel\n      path: node_modules/pulumi-qp-tunnel/dist # here\n      version: 0.0.1\nname: shop\n",
        "plugins:\n  providers:\n    - name: qptunnel\n      path: ./plugin # here\nname: shop\n",
    ],
    ["an empty entry is filled", "name: shop\nplugins:\n", `name: shop\n${ENTRY}`],
    [
        "long lines are not folded",
        `name: shop\ndescription: ${"word ".repeat(40).trim()}\n`,
        `name: shop\ndescription: ${"word ".repeat(40).trim()}\n${ENTRY}`,
    ],
])("%s", async (_what, given, expected) => {
    writeFileSync("Pulumi.yaml", given);
    expect((await run("init")).code).toBe(0);
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(expected);
});

test("it has a TypeScript program transpiled by the engine, and checked by a script", async () => {
    writeFileSync("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
    writeFileSync("tsconfig.json", '{ "compilerOptions": { "strict": true } }\n');
    writeFileSync("package.json", '{ "name": "shop" }\n');
    const { stdout } = await run("init");
    expect(stdout).toContain("tsconfig.json: updated\npackage.json: updated\n");
    expect(stdout).toContain("commit plugin/, Pulumi.yaml, tsconfig.json and package.json, then run pulumi preview");
    expect(readFileSync("tsconfig.json", "utf8")).toContain('"noCheck": true');
    expect(JSON.parse(readFileSync("package.json", "utf8"))).toMatchObject({
        scripts: { types: "tsc --noEmit --noCheck false" },
    });
    const { stdout: again } = await run("init", "--json");
    expect(JSON.parse(again).changes).toEqual({
        ...all("unchanged"),
        "Pulumi.yaml": "unchanged",
        "tsconfig.json": "unchanged",
    });
});

test.each([
    ["pnpm-lock.yaml", "pnpm"],
    ["yarn.lock", "yarn"],
    ["bun.lock", "bun"],
    ["bun.lockb", "bun"],
])("%s: `pulumi install` uses %s", async (lock, name) => {
    writeFileSync(lock, "");
    writeFileSync("Pulumi.yaml", "name: shop # ours\nruntime: nodejs\n");
    await run("init");
    const text = `name: shop # ours\nruntime:\n  name: nodejs\n  options:\n    packagemanager: ${name}\n${ENTRY}`;
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(text);
    expect(JSON.parse((await run("init", "--json")).stdout).changes).toMatchObject({ "Pulumi.yaml": "unchanged" });
});

test.each([
    ["a package manager that the project decides on", "name: nodejs\n  options:\n    packagemanager: npm # ours\n"],
    ["other options, with a package manager", "name: nodejs\n  options: { typescript: true, packagemanager: auto }\n"],
    ["a language without Node", "name: python\n"],
])("%s stays", async (_what, runtime) => {
    writeFileSync("pnpm-lock.yaml", "");
    writeFileSync("Pulumi.yaml", `name: shop\nruntime:\n  ${runtime}${ENTRY}`);
    await run("init");
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(`name: shop\nruntime:\n  ${runtime}${ENTRY}`);
});

test("the lock file of a workspace counts, and options of the runtime stay", async () => {
    writeFileSync("pnpm-lock.yaml", "");
    mkdirSync("infra");
    process.chdir("infra");
    writeFileSync("Pulumi.yaml", `name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: true\n${ENTRY}`);
    await run("init");
    expect(readFileSync("Pulumi.yaml", "utf8")).toContain("    typescript: true\n    packagemanager: pnpm\n");
});

test("npm needs no option: Pulumi takes it where no lock file names another one", async () => {
    writeFileSync("package-lock.json", "{}");
    writeFileSync("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
    await run("init");
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(`name: shop\nruntime: nodejs\n${ENTRY}`);
});

test.each([
    ["no project", undefined, "there is no Pulumi.yaml; run this in the folder of a Pulumi project (pulumi new)"],
    ["a manifest that is no map", "- a\n", "Pulumi.yaml: it is not a map; repair the file"],
    ["a manifest that is no YAML", "a: b: c\n", "Pulumi.yaml: Nested mappings are not allowed"],
    ["plugins that are no map", "plugins: [a]\n", "Pulumi.yaml: plugins: it is not a map; repair the file"],
    [
        "providers that are no list",
        "plugins:\n  providers: a\n",
        "Pulumi.yaml: plugins.providers: it is not a list; repair the file",
    ],
])("%s is refused before anything is written", async (_what, text, message) => {
    if (text !== undefined) writeFileSync("Pulumi.yaml", text);
    const { code, stdout, stderr } = await run("init");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(readdirSync(".")).toEqual(text === undefined ? [] : ["Pulumi.yaml"]);
});

test("says what to install where the project has no TypeScript of its own", async () => {
    writeFileSync("Pulumi.yaml", "name: shop\nruntime: nodejs\n");
    writeFileSync("index.ts", 'import { type PeerSpec } from "pulumi-qp-tunnel";\n');
    const { code, stderr } = await run("init");
    expect([code, stderr]).toEqual([
        0,
        "note: typescript is not installed in this project: Pulumi then compiles with its own 3.8, which does not know `import { type … }`; npm install --save-dev typescript@5\n",
    ]);
});
