// Runs shellcheck over every shell program of this repository: all *.sh, and files whose first line names a shell.
//
//   npm run lint    (this is part of it)

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { which } from "./toolchain/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = [".ci", "cli", "examples", "plugin", "providers", "scripts", "test"];

const shellcheck = which("shellcheck");
if (shellcheck === undefined) {
    console.error("shellcheck is not installed: shell programs were not checked");
} else {
    const programs = folders.flatMap(shellPrograms);
    const result = spawnSync(shellcheck, ["--external-sources", "--source-path=SCRIPTDIR", ...programs], {
        cwd: root,
        stdio: "inherit",
    });
    process.exitCode = result.status ?? 1;
}

function shellPrograms(folder) {
    if (!existsSync(join(root, folder))) return [];
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => file.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(readFileSync(file, "utf8").split("\n", 1)[0]))
        .map((file) => relative(root, file));
}
