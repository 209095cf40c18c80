import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { tmpdir } from "node:os";

import { FILES, reportOf, suite } from "../core/compliance/example.js";

const script = resolve(__dirname, "../../../scripts/compliance.mjs");

// Each run compiles a part of the library.
jest.setTimeout(60_000);

let scratch: string;

beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "qptunnel-controls-"));
    mkdirSync(join(scratch, "controls"));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(scratch, "controls", name), text);
});

afterEach(() => rmSync(scratch, { recursive: true }));

/** The script on the claims of the example. */
function run(...args: string[]) {
    const env = { ...process.env, PATH: [join(scratch, "bin"), process.env["PATH"]].join(delimiter) };
    const all = ["--disable-warning=DEP0180", script, "--controls", join(scratch, "controls"), ...args];
    return spawnSync(process.execPath, all, { encoding: "utf8", env, cwd: scratch });
}

function report(status: string): string {
    const keys = suite("/ci/test/unit/keys.test.ts", {
        "keys > are *different*": status,
        "keys > of zero are refused": "passed",
    });
    const file = join(scratch, `${status}.json`);
    writeFileSync(file, reportOf(keys, suite("/ci/test/integration/log.test.ts", { verifies: "passed" })));
    return file;
}

test("a check that fails makes the command exit with 1, and its rows are printed as failing", () => {
    const { status, stdout } = run("--report", report("failed"));
    expect(stdout).toMatch(/^failing +soc2 +CC6\.1 +own-key$/m);
    expect(stdout).toContain(
        "\nfailing: own-key: test/unit/keys.test.ts > keys > are *different*: Error: expected 1\n",
    );
    expect(status).toBe(1);
});

test("the same claims are met when it passes, and one without a result is not", () => {
    const { status, stdout } = run("--report", report("passed"));
    expect(stdout).toMatch(/^met +soc2 +CC6\.1 +own-key$/m);
    expect(stdout).toMatch(/^not checked +soc2 +CC6\.1 +stack-intact$/m);
    expect(stdout).toContain("\n18 rows: 12 met, 0 failing, 6 not checked\n");
    expect(status).toBe(0);
});

test("-o writes the pages and the OSCAL document with the results", () => {
    const folder = join(scratch, "results");
    expect(run("--report", report("failed"), "-o", folder).status).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(
        [...Object.keys(FILES).filter((name) => name !== "claims.yaml"), "claims.yaml", "overview.yaml"]
            .map((name) => name.replace("yaml", "md"))
            .concat("component-definition.json")
            .sort(),
    );
    expect(readFileSync(join(folder, "soc2.md"), "utf8")).toContain("| **failing** | Each peer has a key");
    expect(readFileSync(join(folder, "component-definition.json"), "utf8")).toContain('"value": "own-key: failing"');
});

test.each([
    [0, "met", 0],
    [1, "failing", 1],
])("a command runs on the stack that is named: status %i is %s", (exits, state, status) => {
    for (const folder of ["bin", "office/node_modules/.bin"]) mkdirSync(join(scratch, folder), { recursive: true });
    const command = (path: string, body: string): void =>
        writeFileSync(join(scratch, path), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    command("bin/pulumi", 'while [ "$1" != --file ]; do shift; done; echo "{}" > "$2"');
    command("office/node_modules/.bin/qp-tunnel", `echo "$@" > said; [ -s "$5" ] || exit 9; exit ${exits}`);
    writeFileSync(join(scratch, "office/package.json"), "{}");
    const result = run("--report", report("passed"), "--stack", "prod", "--project", "office");
    expect(result.stdout).toMatch(new RegExp(`^${state} +soc2 +CC6\\.1 +stack-intact$`, "m"));
    expect(result.status).toBe(status);
    const said = readFileSync(join(scratch, "office/said"), "utf8");
    expect(said).toMatch(/^audit verify audit\/prod\.jsonl --state \S+state\.json\n$/);
});

test.each<[what: string, args: string[], said: string]>([
    ["a report that is missing", ["--report", "none.json"], "none.json"],
    ["a report of something else", ["--report", "package.json"], "is not a report of jest"],
    ["no report", ["--report"], "--report and files belong together"],
    ["a tier without a test", ["--only", "smoke"], "no claim is checked by tests of tier smoke"],
    ["an unknown option", ["--fast"], "--fast"],
])("%s ends it with 2", (_, args, said) => {
    writeFileSync(join(scratch, "package.json"), "{}");
    const { status, stderr } = run(...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
});

test("a claim without a check ends it with 2, and nothing is written", () => {
    const claims = FILES["claims.yaml"]!.replace(/checks:\n.*\n.*titles: \[verifies\]\n.*\n.*\n/, "checks: []\n");
    writeFileSync(join(scratch, "controls/claims.yaml"), claims);
    const { status, stderr } = run("--report", report("passed"), "-o", join(scratch, "results"));
    expect([status, stderr]).toEqual([2, expect.stringContaining("must have a check; correct it in controls/")]);
    expect(readdirSync(scratch)).not.toContain("results");
});
