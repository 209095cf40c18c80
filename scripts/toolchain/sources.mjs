// Where a tool can come from when it is not on PATH: the official download, a Go module pinned in tools/, npm, or the
// distribution. Each of these throws with the reason when it cannot deliver.

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { say, step, which } from "./run.mjs";

const connectTimeout = 5_000;
/** A machine that has just booted upgrades itself: apt's lock is waited for. */
const PATIENT = ["-o", "DPkg::Lock::Timeout=300"];

/** Unpacks a release archive into `directory`, after comparing it with the checksum file published beside it. */
export async function download({ url, checksums, strip }, directory) {
    await intoPlace(directory, async (fresh) => {
        const archive = join(fresh, "archive.tar.gz");
        const published = await (await get(checksums)).text();
        say(`downloading ${url} …`);
        const hash = await save(await get(url), archive);
        const name = url.slice(url.lastIndexOf("/") + 1);
        const line = published.split("\n").find((entry) => entry.trim().split(/\s+\*?/)[1] === name);
        const expected = line?.trim().split(/\s+/)[0];
        // The length says which hash the publisher chose: Pulumi SHA-256, Caddy SHA-512.
        if (expected === undefined || expected !== hash[expected.length]) {
            throw new Error(`${url} does not have the checksum that ${checksums} states`);
        }
        await step(`unpacking ${name}`, "tar", ["-xzf", archive, "-C", fresh, `--strip-components=${strip}`]);
        await rm(archive);
    });
}

/** Builds commands of a Go module in tools/ into `directory`. The same sources give the same bytes on every machine. */
export async function goBuild(builds, directory) {
    const go = which("go");
    if (go === undefined) throw new Error("there is no Go (https://go.dev/dl) to build it with");
    await intoPlace(directory, async (fresh) => {
        for (const { name, module, main, ldflags = "" } of builds) {
            const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", `-s -w ${ldflags}`];
            await step(`building ${name} (once, takes minutes)`, go, [...args, "-o", join(fresh, name), main], {
                cwd: module,
                env: { CGO_ENABLED: "0", GOWORK: "off" },
            });
        }
    });
}

/** Installs one npm package that is nothing but a program, without running any script of it. */
export async function npmInstall(name, directory) {
    await intoPlace(directory, (fresh) =>
        step(`installing ${name}`, "npm", ["install", "--ignore-scripts", "--no-save", "--prefix", fresh, name]),
    );
}

/** Unpacks the programs of Python wheels that a requirements file pins by hash; nothing of them is installed or run. */
export async function wheelInstall(requirements, directory) {
    const python = which("python3");
    if (python === undefined) throw new Error("there is no python3 to fetch it with");
    await intoPlace(directory, async (fresh) => {
        const wheels = join(fresh, "wheels");
        const options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"];
        await step("downloading shellcheck", python, [
            "-m",
            "pip",
            "download",
            ...options,
            "-r",
            requirements,
            "-d",
            wheels,
        ]);
        for (const wheel of await readdir(wheels)) {
            await step(`unpacking ${wheel}`, python, ["-m", "zipfile", "-e", join(wheels, wheel), fresh]);
        }
        for (const folder of (await readdir(fresh)).filter((name) => name.endsWith(".data"))) {
            for (const name of await readdir(join(fresh, folder, "scripts"))) {
                await rename(join(fresh, folder, "scripts", name), join(fresh, name));
                await chmod(join(fresh, name), 0o755);
            }
        }
        await rm(wheels, { recursive: true });
    });
}

const managers = {
    "apt-get": [...PATIENT, "install", "-y", "--no-install-recommends"],
    dnf: ["install", "-y", "--setopt=install_weak_deps=False"],
    pacman: ["-S", "--noconfirm", "--needed"],
    apk: ["add"],
};

/** The package manager of this machine. */
export function packageManager() {
    return Object.keys(managers).find((name) => which(name) !== undefined);
}

/** The command that installs these packages, as a person would type it. */
export function installCommand(manager, packages) {
    return [manager, ...managers[manager], ...packages].join(" ");
}

/** Installs packages of the distribution; needs root. A machine that was never updated knows no packages yet. */
export async function installPackages(manager, packages) {
    const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
    const install = () =>
        step(`installing ${packages.join(", ")}`, manager, [...managers[manager], ...packages], options);
    if (manager !== "apt-get") return install();
    try {
        await install();
    } catch {
        await step("apt-get update", manager, [...PATIENT, "update", "-q"], options);
        await install();
    }
}

/** A short hash of everything below a directory, so that a changed module is built anew. */
export async function hashOf(directory) {
    const hash = createHash("sha256");
    for (const name of (await readdir(directory)).sort()) {
        hash.update(`${name}\0`).update(await readFile(join(directory, name)));
    }
    return hash.digest("hex").slice(0, 12);
}

/** Fills a new directory and renames it into place, so that nobody meets a half-written one. */
export async function intoPlace(directory, fill) {
    await mkdir(dirname(directory), { recursive: true });
    const fresh = await mkdtemp(`${directory}.`);
    try {
        await fill(fresh);
        await rm(directory, { recursive: true, force: true });
        await rename(fresh, directory);
    } finally {
        await rm(fresh, { recursive: true, force: true });
    }
}

async function get(url) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), connectTimeout);
    try {
        const response = await fetch(url, { signal: abort.signal });
        if (!response.ok) throw new Error(`it answers ${response.status}`);
        return response;
    } catch (error) {
        const reason = abort.signal.aborted ? "no answer within 5 s" : (error.cause?.message ?? error.message);
        throw new Error(`cannot download ${url}: ${reason}`, { cause: error });
    } finally {
        clearTimeout(timer);
    }
}

/** Writes a response to a file; its hashes, by their length in hexadecimal digits. */
async function save(response, file) {
    const hashes = { 64: createHash("sha256"), 128: createHash("sha512") };
    const body = Readable.fromWeb(response.body);
    body.on("data", (chunk) => Object.values(hashes).forEach((hash) => hash.update(chunk)));
    await pipeline(body, createWriteStream(file));
    return Object.fromEntries(Object.entries(hashes).map(([length, hash]) => [length, hash.digest("hex")]));
}
