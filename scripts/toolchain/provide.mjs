// Every program the library, its demo and its tests need, where each may come from, and the one directory of links that
// puts the chosen ones first on PATH.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { arch, platform, release } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "./cache.mjs";
import { caddyTool, nodeTool, pulumiTool, shellcheckTool } from "./programs.mjs";
import { say, searchPath, which } from "./run.mjs";
import { hashOf, installCommand, installPackages, packageManager } from "./sources.mjs";
import { systemTools } from "./systemTools.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Finds or installs the tools and returns the directory to put before PATH.
 *
 * @param {{ only?: string[], tests?: boolean }} options `only`: names of tools, when not all are needed; `tests`: with
 *     what the laboratory needs besides
 * @throws an error that lists what is missing and how to get each
 */
export async function provide({ only, tests } = {}) {
    const directory = join(cache, "bin", await fingerprint(only, tests));
    if (await isComplete(directory)) return directory;

    const { found, missing } = await look(only, { install: true, tests });
    if (missing.length > 0) {
        const list = missing.map(({ name, reasons }) => `  ${name}: ${reasons.join("\n    ")}`).join("\n");
        throw new Error(`missing tools:\n${list}`);
    }
    await linkAll(found, directory);
    return directory;
}

/**
 * What there is and what is missing, without installing anything.
 *
 * @param {{ only?: string[], tests?: boolean }} options as those of `provide`
 */
export async function report({ only, tests } = {}) {
    return look(only, { install: false, tests });
}

async function look(only, { install, tests = false }) {
    const isAsked = ({ name }) => only?.includes(name) ?? true;
    const own = [nodeTool(), await pulumiTool(), await caddyTool()];
    // The package does not contain what only this repository's own checks need.
    const tools = tests || only?.includes("shellcheck") ? [...own, await shellcheckTool()] : own;
    const found = [];
    const missing = [];
    for (const tool of tools.filter(isAsked)) {
        const result = await oneOf(tool, install);
        (result.files ? found : missing).push({ name: tool.name, ...result });
    }
    const system = await systemTools({ only, tests });
    const absent = system.filter(({ absent }) => absent.length > 0);
    const reason = absent.length > 0 ? await installSystem(absent, install) : undefined;
    for (const { name, commands } of system) {
        const files = commands.map((command) => which(command));
        if (files.every((file) => file !== undefined)) found.push({ name, files });
        else missing.push({ name, reasons: [`no ${commands.join(", ")} on PATH; ${reason}`] });
    }
    return { found, missing };
}

/** Tries each place a tool can come from, in order. */
async function oneOf({ name, ways, home }, install) {
    const reasons = [];
    for (const way of ways) {
        try {
            const files = await way(install);
            if (files !== undefined) return { files };
        } catch (error) {
            reasons.push(error.message);
            // Something else may still serve, but not silently instead of what should have.
            say(`${name}: ${error.message}`);
        }
    }
    return { reasons: reasons.length > 0 ? [...reasons, `or get it from ${home}`] : ["`npm run tools` gets it"] };
}

/** Installs what the distribution has; the reason when it could not, or what to type. */
async function installSystem(absent, install) {
    const manager = packageManager();
    if (manager === undefined) return "install it with this system's package manager";
    const packages = absent.map((tool) => tool.packages[manager]).filter((name) => name !== undefined);
    if (packages.length === 0) return `${manager} has no package of it`;
    const command = installCommand(manager, packages);
    if (process.getuid() !== 0) return `as root: ${command}`;
    if (!install) return `get it with: ${command}`;
    try {
        await installPackages(manager, packages);
        return `${command} went through and did not bring it`;
    } catch (error) {
        return `${command} failed: ${error.message}`;
    }
}

/** Everything that decides which tools are right here: these scripts, the pinned modules, the kernel, whether there is Go. */
async function fingerprint(only, tests) {
    const hash = createHash("sha256");
    hash.update(JSON.stringify([root, only, tests, platform(), arch(), release(), which("go") !== undefined]));
    const folders = [
        "scripts/toolchain",
        ...["engine", "language-host", "caddy", "shellcheck"].map((name) => `tools/${name}`),
    ];
    for (const name of folders.filter((folder) => existsSync(join(root, folder))))
        hash.update(await hashOf(join(root, name)));
    return hash.digest("hex").slice(0, 12);
}

/** Links into one directory what PATH would not find, or would find another of. */
async function linkAll(found, directory) {
    await mkdir(dirname(directory), { recursive: true });
    const fresh = await mkdtemp(`${directory}.`);
    const files = found.flatMap((tool) => tool.files);
    const onPath = searchPath().filter((entry) => (process.env.PATH ?? "").split(":").includes(entry));
    const linked = files.filter((file) => basename(file) === "node" || which(basename(file), onPath) !== file);
    for (const file of linked) await symlink(file, join(fresh, basename(file)));
    const links = linked.map((file) => join(directory, basename(file)));
    await writeFile(join(fresh, ".tools.json"), JSON.stringify([...files, ...links]));
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
}

async function isComplete(directory) {
    try {
        const files = JSON.parse(await readFile(join(directory, ".tools.json"), "utf8"));
        await Promise.all(files.map((file) => access(file)));
        return true;
    } catch {
        return false;
    }
}
