// What `npm run test:languages` needs besides: language hosts for YAML and Python, what generates SDKs, and Python's packages.

import { cp, link, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "./cache.mjs";
import { outputOf, step, which } from "./run.mjs";
import { goBuild, hashOf, intoPlace } from "./sources.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const module = (name) => join(root, "tools", name);
/** The languages of each module with generators: .NET's left the engine's module after 3.226, and Java's was never in it. */
const GENERATED = { "sdk-generators": ["python", "go", "nodejs"], "sdk-generators-dotnet": ["dotnet"] };

/**
 * Builds what is missing, once.
 *
 * @returns {Promise<Record<string, string>>} folders with the language hosts and with the generators of SDKs, and a Python
 * @throws an error that says what cannot be had
 */
export async function provideLanguages() {
    return {
        QPTUNNEL_LANGUAGE_HOSTS: await hosts(),
        QPTUNNEL_SDK_GENERATORS: await generators(),
        QPTUNNEL_PYTHON: await python(),
    };
}

async function hosts() {
    const [yaml, sdk] = [module("language-yaml"), module("language-host")];
    const folder = join(cache, `language-hosts-${await hashOf(yaml)}-${await hashOf(sdk)}`);
    const names = ["pulumi-language-yaml", "pulumi-language-python", "pulumi-language-python-exec"];
    if (isThere(folder, names)) return folder;
    const builds = [
        { name: names[0], module: yaml, main: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml" },
        { name: names[1], module: sdk, main: "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python" },
    ];
    await goBuild(builds, `${folder}-built`);
    // The Python host has Python run the file beside it.
    const source = await outputOf("go", ["-C", sdk, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]);
    if (source === undefined) throw new Error("go does not say where it keeps github.com/pulumi/pulumi/sdk/v3");
    await intoPlace(folder, async (fresh) => {
        await cp(`${folder}-built`, fresh, { recursive: true });
        await cp(join(source, "python/cmd", names[2]), join(fresh, names[2]));
    });
    return folder;
}

async function generators() {
    const modules = Object.keys(GENERATED);
    const hashes = await Promise.all(modules.map((name) => hashOf(module(name))));
    const folder = join(cache, `sdk-generators-${hashes.join("-")}`);
    const names = Object.values(GENERATED).flatMap((languages) => languages.map((each) => `pulumi-language-${each}`));
    if (isThere(folder, names)) return folder;
    const builds = modules.map((name) => ({ name, module: module(name), main: "." }));
    await goBuild(builds, `${folder}-built`);
    await intoPlace(folder, async (fresh) => {
        await mkdir(fresh, { recursive: true });
        for (const [name, languages] of Object.entries(GENERATED)) {
            for (const each of languages)
                await link(join(`${folder}-built`, name), join(fresh, `pulumi-language-${each}`));
        }
    });
    return folder;
}

/** A Python of its own with what a program imports; the generated SDK is put beside the program. */
async function python() {
    const requirements = module("language-python");
    const folder = join(cache, `language-python-${await hashOf(requirements)}`);
    const installed = join(folder, "bin/python3");
    if (which("installed", [folder]) !== undefined) return installed;
    const system = which("python3");
    if (system === undefined) throw new Error("there is no python3 to run Python programs with");
    // A virtual environment knows its own path, so it is made in place; the last file says that it is complete.
    await step("making a virtual environment for Python programs", system, ["-m", "venv", "--clear", folder]);
    const install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"];
    await step("installing Pulumi's Python SDK", installed, [...install, join(requirements, "requirements.txt")]);
    await cp(installed, join(folder, "installed"));
    return installed;
}

function isThere(folder, names) {
    return names.every((name) => which(name, [folder]) !== undefined);
}
