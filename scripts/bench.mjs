// Measures what the library adds: to the start of a program and of the engine, with many peers, in the log, over SSH; and what
// peers lose while keys are rotated and when a relay is restarted.
//
//   npm run bench              several minutes: up to 10 000 peers, 100 000 records
//   npm run bench -- --quick   about a minute: up to 1 000 peers, 10 000 records
//   npm run bench -- --only start,program,peers,relays,components,log,checkpoint,rotation,guard,ssh
//   npm run bench -- --json    the same as JSON on standard output, every run of everything
//   npm run bench -- --plot docs/performance.svg   draws the cost over the number of peers (parts peers and relays)
//
// Needs root (network namespaces, which it makes and removes). What is compared is measured in turns, because times of
// different moments do not compare on a machine that also does something else.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { measureCheckpoint } from "./bench/checkpoint.mjs";
import { measureGuard } from "./bench/guard.mjs";
import { measureLog } from "./bench/log.mjs";
import { measureComponents, measurePeers, measureRelays } from "./bench/peers.mjs";
import { plotOf } from "./bench/plot.mjs";
import { measureProgram } from "./bench/program.mjs";
import { measureRotation } from "./bench/rotation.mjs";
import { measureSsh } from "./bench/ssh.mjs";
import { measureStart } from "./bench/start.mjs";
import { inWords } from "./bench/rows.mjs";
import { provide } from "./toolchain/provide.mjs";
import { say } from "./toolchain/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const parts = {
    start: measureStart,
    program: measureProgram,
    peers: measurePeers,
    relays: measureRelays,
    components: measureComponents,
    log: measureLog,
    checkpoint: measureCheckpoint,
    rotation: measureRotation,
    guard: measureGuard,
    ssh: measureSsh,
};

const { values } = parseArgs({
    options: {
        quick: { type: "boolean" },
        json: { type: "boolean" },
        only: { type: "string" },
        plot: { type: "string" },
    },
});
const chosen = values.only?.split(",") ?? Object.keys(parts);
const unknown = chosen.find((part) => !Object.hasOwn(parts, part));
if (unknown !== undefined) fail(`no part is called ${unknown}: say ${Object.keys(parts).join(", ")}`);
if (process.getuid() !== 0) fail("the bench makes network namespaces: run it as root, for instance with sudo");

const tools = await provide({ tests: true }).catch((error) => fail(error.message));
process.env.PATH = [tools, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
if (spawnSync("npm", ["run", "-s", "build"], { cwd: root, stdio: ["ignore", 2, 2] }).status !== 0) fail("no build");

const rows = [];
/** @type {Record<string, ({ count: number } & Record<string, number>)[]>} */
const curves = {};
const add = (row) => (rows.push(row), say(inWords(row)));
const curve = (name, point) => (curves[name] ??= []).push(point);
for (const part of chosen) {
    say(`== ${part}`);
    await parts[part]({ root, quick: values.quick ?? false, add, curve });
}
if (values.plot !== undefined) writeFileSync(values.plot, plotOf(curves));

const machine = {
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
};
if (values.json) {
    console.log(JSON.stringify({ machine, rows, curves }, null, 2));
} else {
    console.log(`\n${Object.values(machine).join(", ")}\n`);
    for (const row of rows) console.log(inWords(row));
}

function fail(problem) {
    say(problem);
    process.exit(1);
}
