// Finds or installs every tool the library, its demo and its tests need.
//
//   npm run -s tools                  the last line is what to put before PATH
//   npm run -s tools -- --check       only says what there is
//   npm run -s tools -- --only node   some of node, pulumi, caddy, shellcheck; separated by commas
//   npm run -s tools -- --tests       also what only the tests need
//
// They are kept under ${QPTUNNEL_CACHE:-${XDG_CACHE_HOME:-~/.cache}/pulumi-qp-tunnel}. Runs with Node 18 or newer.

import { parseArgs } from "node:util";

import { say } from "./toolchain/run.mjs";
import { provide, report } from "./toolchain/provide.mjs";

const { values } = parseArgs({
    options: { check: { type: "boolean" }, only: { type: "string" }, tests: { type: "boolean", default: false } },
});
const { tests } = values;
const only = values.only?.split(",");

if (values.check) {
    const { found, missing } = await report({ only, tests });
    for (const { name, files } of found) console.log(`${name.padEnd(16)} ${files.join(" ")}`);
    for (const { name, reasons } of missing) console.log(`${name.padEnd(16)} missing: ${reasons.join("; ")}`);
    process.exitCode = missing.length > 0 ? 1 : 0;
} else {
    try {
        console.log(await provide({ only, tests }));
    } catch (error) {
        say(error.message);
        process.exitCode = 1;
    }
}
