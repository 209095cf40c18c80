/** The examples in YAML and in Python, as they stand. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pulumiIn } from "../lab/scratchEngine.js";
import { searchPath } from "../lab/stack.js";
import { HOSTS, PYTHON, generate, installed } from "./sdks.js";

const ROOT = join(__dirname, "../..");
let folder: string;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-example-"));
    for (const part of ["package.json", "dist", "node_modules", "plugin"])
        symlinkSync(join(ROOT, part), join(folder, part));
    for (const name of ["state", "bin"]) mkdirSync(join(folder, name));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each(["yaml", "python"])("%s previews as it stands, with peers in sentences", async (language) => {
    const own = join(folder, "examples", language);
    cpSync(join(ROOT, "examples", language), own, { recursive: true });
    symlinkSync(join(HOSTS, `pulumi-language-${language}`), join(folder, "bin", `pulumi-language-${language}`));
    writeFileSync(join(folder, "bin/python3"), `#!/bin/sh\nexec ${PYTHON} "$@"\n`, { mode: 0o755 });
    const env: Record<string, string> = { PATH: [join(folder, "bin"), searchPath()].join(delimiter) };
    if (language === "python") env["PYTHONPATH"] = await installed(await generate(folder, "python"));
    const pulumi = (...args: string[]): ReturnType<typeof pulumiIn> =>
        pulumiIn(folder, [...args, "-C", own], 200_000, env);
    await pulumi("stack", "init", "dev");
    const { stdout } = await pulumi("preview");
    expect(stdout).toContain("relay: alice will be added at 10.8.0.");
    expect(stdout).toContain("relay: nas will be added at 10.8.0.");
    expect(stdout).toMatch(/\+ \d+ to create/);
    expect(stdout).not.toMatch(/error/i);
});
