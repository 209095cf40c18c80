import {
    chmodSync,
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
            `${SCRIPT}: created\nPulumi.yaml: updated\n` +
            `next step: commit ${SCRIPT} and Pulumi.yaml, then run pulumi preview\n`,
        stderr: "",
    });
    expect(readFileSync("Pulumi.yaml", "utf8")).toBe(`name: shop # ours\nruntime: nodejs\n${ENTRY}`);
    expect(readFileSync(SCRIPT, "utf8")).toBe(
        '#!/bin/sh\nexec node --max-semi-space-size=2 --optimize-for-size "$(dirname "$0")/../node_modules/pulumi-qp-tunnel/dist/providers/plugin/main.js" "$@"\n',
    );
    expect((statSync(SCRIPT).mode & 0o777).toString(8)).toBe("755");
    const { stdout } = await run("init", "--json");
    expect(JSON.parse(stdout)).toEqual({ folder, changes: { [SCRIPT]: "unchanged", "Pulumi.yaml": "unchanged" } });
});

test("it repairs what was changed", async () => {
    writeFileSync("Pulumi.yaml", `name: shop\n${ENTRY}`);
    await run("init");
    writeFileSync(SCRIPT, "#!/bin/sh\n");
    chmodSync(SCRIPT, 0o644);
    const { stdout } = await run("init", "--json");
    expect(JSON.parse(stdout).changes).toEqual({ [SCRIPT]: "updated", "Pulumi.yaml": "unchanged" });
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
    expect(stdout).toContain(`commit ${SCRIPT}, Pulumi.yaml, tsconfig.json and package.json, then run pulumi preview`);
    expect(readFileSync("tsconfig.json", "utf8")).toContain('"noCheck": true');
    expect(JSON.parse(readFileSync("package.json", "utf8"))).toMatchObject({
        scripts: { types: "tsc --noEmit --noCheck false" },
    });
    const { stdout: again } = await run("init", "--json");
    expect(JSON.parse(again).changes).toEqual({
        [SCRIPT]: "unchanged",
        "Pulumi.yaml": "unchanged",
        "tsconfig.json": "unchanged",
    });
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
