import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { scripts } from "../../../package.json";

const helper = resolve(__dirname, "../../../scripts/asRoot.mjs");

let scratch: string;

beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "qptunnel-root-"));
    mkdirSync(join(scratch, "bin"));
});

afterEach(() => rmSync(scratch, { recursive: true }));

/** The helper in a process of somebody, with nothing else on PATH than what a test puts there. */
function somebody(uid: number, script: string) {
    const body = `process.getuid = () => ${uid}; const { asRoot, isRoot } = await import(${JSON.stringify(helper)});`;
    return spawnSync(process.execPath, ["--input-type=module", "-e", `${body}\n${script}`], {
        encoding: "utf8",
        env: { PATH: join(scratch, "bin"), CI: "1", SECRET: "x" },
    });
}

const RERUN = 'process.exit(isRoot() ? 7 : asRoot("/x/demo.mjs", ["a b"], "npm run demo"));';

test("root needs no sudo, and none has to be there", () => {
    expect(somebody(0, RERUN).status).toBe(7);
});

test("anybody else runs it with sudo, with the same PATH and nothing that is not about how it runs", () => {
    const said = join(scratch, "said");
    writeFileSync(join(scratch, "bin/sudo"), `#!/bin/sh\nprintf '%s\\n' "$@" > ${said}\nexit 3\n`, { mode: 0o755 });
    const { status, stderr } = somebody(1000, RERUN);
    expect(status).toBe(3);
    expect(readFileSync(said, "utf8").trimEnd().split("\n")).toEqual([
        ...["env", `PATH=${join(scratch, "bin")}`, "CI=1", process.execPath, "/x/demo.mjs", "a b"],
    ]);
    expect(stderr).toContain("`npm run demo` makes network namespaces");
});

test("without sudo says what to do", () => {
    const { status, stderr } = somebody(1000, RERUN);
    expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/^sudo cannot be run .*: run `npm run demo` as root\.$/m),
    ]);
});

test("the two commands that the README prints ask for root themselves", () => {
    const readme = readFileSync(resolve(__dirname, "../../../README.md"), "utf8");
    const [, first = ""] = /^```sh\n(.*?)^```$/ms.exec(readme) ?? [];
    expect(first.trimEnd().split("\n").map((line) => line.replace(/ +#.*/, ""))).toEqual(["npm run demo", "npm ci && npm test"]); // prettier-ignore
    for (const name of ["demo", "test"] as const) {
        const [, file = ""] = /node (\S+)$/.exec(scripts[name]) ?? [];
        expect(readFileSync(resolve(__dirname, "../../..", file), "utf8")).toContain(
            "asRoot(fileURLToPath(import.meta.url)",
        );
    }
});
