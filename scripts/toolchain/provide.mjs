// Every program the library, its demo and its tests need, where each may come from, and the one directory of links that
// puts the chosen ones first on PATH.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { arch, platform, release } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "./cache.mjs";
import { outputOf, say, searchPath, which } from "./run.mjs";
import {
    download,
    goBuild,
    hashOf,
    installCommand,
    installPackages,
    npmInstall,
    packageManager,
    wheelInstall,
} from "./sources.mjs";
import { systemTools } from "./systemTools.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Node 22.13 is the first that loads an ESM-only package from CommonJS; 24 also has X25519MLKEM768 in its TLS.
const oldestNode = "22.13.0";
const installedNode = "24.9.0";
const oldestStockCaddy = "2.10.0";
const oldestShellcheck = "0.9.0";

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

function nodeTool() {
    const system = { linux: "linux", darwin: "darwin" }[platform()];
    const prefix = system === "darwin" && arch() === "arm64" ? "node-bin" : "node";
    const home = join(cache, `node-${installedNode}`);
    const inPackage = (directory) => join(directory, "node_modules", `${prefix}-${system}-${arch()}`, "bin/node");
    const good = async (file) => isAtLeast(await outputOf(file, ["--version"]), oldestNode);
    const candidates = [join(root, "node_modules/node/bin/node"), inPackage(home), process.execPath, which("node")];
    return {
        name: "node",
        home: "https://nodejs.org/en/download",
        ways: [
            async () => {
                for (const file of candidates) if (file !== undefined && (await good(file))) return [file];
                return undefined;
            },
            async (install) => {
                if (!install) return undefined;
                await npmInstall(`${prefix}-${system}-${arch()}@${installedNode}`, home);
                return [inPackage(home)];
            },
        ],
    };
}

async function pulumiTool() {
    const engine = join(root, "tools/engine");
    const host = join(root, "tools/language-host");
    const version = await pinned(engine, "github.com/pulumi/pulumi/pkg/v3");
    const names = ["pulumi", "pulumi-language-nodejs"];
    const downloaded = join(cache, `pulumi-${version}-release`);
    const built = join(cache, `pulumi-${version}-${await hashOf(engine)}`);
    const base = "https://get.pulumi.com/releases/sdk";
    return {
        name: "pulumi",
        home: "https://www.pulumi.com/docs/install",
        ways: [
            async () => {
                const files = names.map((name) => which(name));
                if (files.includes(undefined)) return undefined;
                return isAtLeast(await outputOf(files[0], ["version"]), version) ? files : undefined;
            },
            async () => present(downloaded, names) ?? present(built, names),
            (install) =>
                cached(downloaded, names, install, () =>
                    download(
                        {
                            url: `${base}/pulumi-v${version}-${platform()}-${arch()}.tar.gz`,
                            checksums: `${base}/pulumi-${version}-checksums.txt`,
                            strip: 1,
                        },
                        downloaded,
                    ),
                ),
            (install) =>
                cached(built, names, install, () =>
                    goBuild(
                        [
                            {
                                name: names[0],
                                module: engine,
                                main: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
                                ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`,
                            },
                            {
                                name: names[1],
                                module: host,
                                main: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
                            },
                        ],
                        built,
                    ),
                ),
        ],
    };
}

async function caddyTool() {
    const module = join(root, "tools/caddy");
    const version = await pinned(module, "github.com/caddyserver/caddy/v2");
    const built = join(cache, `caddy-${version}-${await hashOf(module)}`);
    const downloaded = join(cache, `caddy-${version}-release`);
    const cpu = { x64: "amd64", arm64: "arm64" }[arch()];
    const system = platform() === "darwin" ? "mac" : platform();
    const base = `https://github.com/caddyserver/caddy/releases/download/v${version}`;
    return {
        name: "caddy",
        home: "https://caddyserver.com/docs/install",
        // Ours first: it offers AES-256 only. Any other Caddy works and negotiates what the client prefers.
        ways: [
            (install) =>
                cached(built, ["caddy"], install, () => goBuild([{ name: "caddy", module, main: "." }], built)),
            async () => {
                const file = which("caddy");
                return isAtLeast(file && (await outputOf(file, ["version"])), oldestStockCaddy) ? [file] : undefined;
            },
            (install) =>
                cached(downloaded, ["caddy"], install, () =>
                    download(
                        {
                            url: `${base}/caddy_${version}_${system}_${cpu}.tar.gz`,
                            checksums: `${base}/caddy_${version}_checksums.txt`,
                            strip: 0,
                        },
                        downloaded,
                    ),
                ),
        ],
    };
}

/** Checks the shell programs of this repository; nobody else needs it. */
async function shellcheckTool() {
    const requirements = join(root, "tools/shellcheck/requirements.txt");
    const unpacked = join(cache, `shellcheck-${await hashOf(dirname(requirements))}`);
    const good = async (file) => isAtLeast(file && (await outputOf(file, ["--version"])), oldestShellcheck);
    return {
        name: "shellcheck",
        home: "https://www.shellcheck.net",
        ways: [
            async () => {
                const file = which("shellcheck");
                return (await good(file)) ? [file] : undefined;
            },
            (install) => cached(unpacked, ["shellcheck"], install, () => wheelInstall(requirements, unpacked)),
            async (install) => {
                if (!install || process.getuid() !== 0) return undefined;
                const manager = packageManager();
                if (manager === undefined) return undefined;
                await installPackages(manager, [manager === "dnf" ? "ShellCheck" : "shellcheck"]);
                const file = which("shellcheck");
                return (await good(file)) ? [file] : undefined;
            },
        ],
    };
}

/** The files of a directory of the cache, after filling it when it is not there. */
async function cached(directory, names, install, fill) {
    const there = present(directory, names);
    if (there !== undefined || !install) return there;
    await fill();
    return present(directory, names);
}

function present(directory, names) {
    const files = names.map((name) => which(name, [directory]));
    return files.includes(undefined) ? undefined : files;
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

/** The version of a dependency in a module's go.mod: the only place where it is written. */
async function pinned(module, dependency) {
    const text = await readFile(join(module, "go.mod"), "utf8");
    const version = text.match(new RegExp(`${dependency.replaceAll(".", "\\.")} v([0-9.]+)`))?.[1];
    if (version === undefined) throw new Error(`${module}/go.mod does not require ${dependency}`);
    return version;
}

function isAtLeast(text, oldest) {
    const version = text?.match(/\d+\.\d+\.\d+/)?.[0];
    return version !== undefined && version.localeCompare(oldest, "en", { numeric: true }) >= 0;
}
