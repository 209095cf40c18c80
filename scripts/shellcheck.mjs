// Runs shellcheck over every shell program of this repository: all *.sh, and files whose first line names a shell.
//
//   npm run lint    (this is part of it)

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { provide } from "./toolchain/provide.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = [".ci", "cli", "examples", "plugin", "providers", "scripts", "test"];

try {
    process.env.PATH = [await provide({ only: ["shellcheck"] }), process.env.PATH].join(delimiter);
    const programs = folders.flatMap(shellPrograms);
    const options = ["--external-sources", "--source-path=SCRIPTDIR"];
    const result = spawnSync("shellcheck", [...options, ...programs], { cwd: root, stdio: "inherit" });
    if (result.error !== undefined) throw result.error;
    process.exitCode = result.status ?? 1;
} catch (error) {
    console.error(`the shell programs were not checked: ${error.message}`);
    process.exitCode = 1;
}

function shellPrograms(folder) {
    if (!existsSync(join(root, folder))) return [];
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => file.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(readFileSync(file, "utf8").split("\n", 1)[0]))
        .map((file) => relative(root, file));
}
