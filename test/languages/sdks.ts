import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execute } from "../lab/processes.js";
import { searchPath } from "../lab/stack.js";

const ROOT = join(__dirname, "../..");
export const PLUGIN = join(ROOT, "plugin");
/** What scripts/toolchain/languages.mjs provides. */
export const HOSTS = provided("QPTUNNEL_LANGUAGE_HOSTS");
export const GENERATORS = provided("QPTUNNEL_SDK_GENERATORS");
export const PYTHON = provided("QPTUNNEL_PYTHON");

/** Runs `pulumi package …` with the generators of SDKs in a folder; what it printed on standard output. */
export async function pulumiPackage(folder: string, ...args: string[]): Promise<string> {
    mkdirSync(join(folder, "home"), { recursive: true });
    const outcome = await execute(["pulumi", "package", ...args, "-C", folder, "--color", "never"], {
        timeout: 120_000,
        env: {
            PULUMI_HOME: join(folder, "home"),
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PATH: [GENERATORS, HOSTS, searchPath()].join(delimiter),
        },
    });
    if (outcome.code !== 0) throw new Error(`pulumi package ${args.join(" ")}: ${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
}

/** The folder with the SDK of this repository's plugin. */
export async function generate(folder: string, language: "python" | "go" | "nodejs" | "dotnet"): Promise<string> {
    const out = join(folder, "sdk");
    const plugin = PLUGIN;
    await pulumiPackage(folder, "gen-sdk", plugin, "--language", language, "--out", out);
    return join(out, language);
}

/** Installs a Python SDK as a program's virtual environment would have it; the folder to import it from. */
export async function installed(sdk: string): Promise<string> {
    const folder = `${sdk}-installed`;
    const options = ["-q", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", folder];
    const outcome = await execute([PYTHON, "-m", "pip", "install", ...options, sdk], { timeout: 120_000 });
    if (outcome.code !== 0) throw new Error(`pip install ${sdk}: ${outcome.stdout}${outcome.stderr}`);
    return folder;
}

function provided(name: string): string {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set: it is by "npm run test:languages"`);
    return value;
}
