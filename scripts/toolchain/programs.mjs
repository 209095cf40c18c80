// Programs that are not the distribution's: where each may come from, in order.

import { readFile } from "node:fs/promises";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "./cache.mjs";
import { outputOf, which } from "./run.mjs";
import { download, goBuild, hashOf, installPackages, npmInstall, packageManager, wheelInstall } from "./sources.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Node 22.13 is the first that loads an ESM-only package from CommonJS; 24 also has X25519MLKEM768 in its TLS.
const oldestNode = "22.13.0";
const installedNode = "24.9.0";
const oldestStockCaddy = "2.10.0";
const oldestShellcheck = "0.9.0";

export function nodeTool() {
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

export async function pulumiTool() {
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

export async function caddyTool() {
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
export async function shellcheckTool() {
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
