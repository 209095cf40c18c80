// Compiles the library to dist/: only what changed, nothing left over from sources that are gone, commands executable.
//
//   npm run build

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");

removeOrphans();
const tsc = spawnSync(
    process.execPath,
    // The record of what is built lies in dist/, so that removing dist/ also forgets it.
    [
        join(root, "node_modules/typescript/bin/tsc"),
        "-p",
        ".",
        "--incremental",
        "--tsBuildInfoFile",
        "dist/.tsbuildinfo",
    ],
    { cwd: root, stdio: "inherit" },
);
makeExecutable();
process.exit(tsc.status ?? 1);

/** A compiled file whose source was removed or renamed would still be found by require, and be packed. */
function removeOrphans() {
    if (!existsSync(dist)) return;
    for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        const source = relative(dist, file).replace(/(\.d\.ts|\.js|\.js\.map)$/, ".ts");
        if (entry.isFile() && source.endsWith(".ts") && !existsSync(join(root, source))) rmSync(file);
    }
}

function makeExecutable() {
    const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const command of Object.values(bin)) {
        if (existsSync(join(root, command))) chmodSync(join(root, command), 0o755);
    }
}
