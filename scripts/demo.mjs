// Shows what the library does, with real parts, from the first preview to the last file removed.
//
//   npm run demo
//
// Becomes root with sudo where it is not. Does its own set-up: packages, build, tools. Everything happens in network namespaces and in one temporary folder; nothing
// is left, also when it is interrupted. Exits with 1 if any step fails. Can be started with Node 18 or newer.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { asRoot, isRoot } from "./asRoot.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const prepared = "--prepared";

if (process.argv.includes(prepared)) {
    show();
} else {
    process.exitCode = await prepare();
}

/** Everything the demo needs, and then the demo under the Node that has it. */
async function prepare() {
    if (process.platform !== "linux") {
        console.error("The demo makes network namespaces, WireGuard interfaces and firewall tables: run it on Linux.");
        return 2;
    }
    // What is installed and built in this folder stays the person's own.
    if (!existsSync(join(root, "node_modules")) && !run("npm", ["ci", "--no-audit", "--no-fund"])) return 1;
    if (!run("npm", ["run", "-s", "build"])) return 1;
    if (!isRoot()) return asRoot(fileURLToPath(import.meta.url), [], "npm run demo");
    const { provide } = await import("./toolchain/provide.mjs");
    const tools = await provide().catch((error) => {
        console.error(error.message);
        return undefined;
    });
    if (tools === undefined) return 1;

    const path = [tools, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
    // ts-node asks Node for something that newer ones warn about.
    const args = ["--disable-warning=DEP0180", fileURLToPath(import.meta.url), prepared];
    const demo = spawn(join(tools, "node"), args, { env: { ...process.env, PATH: path }, stdio: "inherit" });
    // It ends in its own time: everything is removed first.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.on(signal, () => demo.kill(/** @type {NodeJS.Signals} */ (signal)));
    const [code] = /** @type {[number | null]} */ (await once(demo, "exit"));
    return code ?? 1;
}

function run(command, args) {
    return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

/** The demo uses the tests' laboratory, which is TypeScript: compiled while it is loaded. */
function show() {
    const require = createRequire(import.meta.url);
    const project = join(root, "tsconfig.test.json");
    require("ts-node").register({ transpileOnly: true, experimentalResolver: true, project });
    require("./demo/main.ts");
}
