// Runs the checks of the claims in controls/ and writes docs/compliance/.
//
//   npm run compliance                                     every test that a claim names; becomes root with sudo for those that need it
//   npm run compliance -- --only unit                      the tests of one tier; the others are not checked
//   npm run compliance -- --report unit.json other.json    reads jest's reports (jest --json --outputFile) and runs no test
//   npm run compliance -- --stack prod --project ../office also the commands, on a stack of yours; --log if it is not audit/<stack>.jsonl
//   npm run compliance -- --pages                          writes the pages and checks nothing
//   npm run compliance -- … -o DIR                         writes the pages and the OSCAL document with the results there
//   npm run compliance -- … --quiet                        prints only rows that fail, and the counts
//
// `npm test` runs it with its own reports. --controls DIR reads other claims and writes no pages.
//
// docs/compliance/ depends on controls/ alone: results go to standard output and to -o. Exits with 1 if a check fails, and with 2 if
// controls/ or the arguments are wrong.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { runCommands } from "./compliance/commands.mjs";
import { writePages } from "./compliance/pages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

process.exitCode = main();

function main() {
    const options = read();
    if (options === undefined) return 2;
    const compliance = load();
    const controls = given(() => compliance.readControls(sources(options.controls)));
    if (controls === undefined) return 2;
    const about = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    if (options.controls === undefined) writePages(join(root, "docs/compliance"), compliance, controls, about);
    if (options.pages) return 0;
    const reports = given(() => (options.report ?? runTests(compliance.testFiles(controls), options.only)).map(report));
    const outcomes = given(() => runCommands(compliance, controls, options));
    if (reports === undefined || outcomes === undefined) return 2;
    const results = compliance.resultsOf(controls, reports, outcomes);
    process.stdout.write(compliance.summaryText(controls, results, options.quiet));
    if (options.output !== undefined) writePages(options.output, compliance, controls, about, results);
    return compliance.hasFailing(controls, results) ? 1 : 0;

    function report(file) {
        const parsed = compliance.parseReport(readFileSync(file, "utf8"));
        if (parsed === undefined)
            throw new Error(`${file}: is not a report of jest; write one with jest --json --outputFile`);
        return parsed;
    }
}

/** What is pure of this is TypeScript: compiled while it is loaded, so that nothing has to be built. */
function load() {
    const require = createRequire(import.meta.url);
    const project = join(root, "tsconfig.test.json");
    require("ts-node").register({ transpileOnly: true, experimentalResolver: true, project });
    return require("../core/compliance/index.ts");
}

/** @returns undefined after saying what is wrong */
function read() {
    const text = /** @type {const} */ ({ type: "string" });
    const flag = /** @type {const} */ ({ type: "boolean" });
    const named = { only: text, stack: text, project: text, log: text, controls: text };
    const options = { ...named, report: flag, pages: flag, quiet: flag, output: { ...text, short: "o" } };
    const parsed = given(() => parseArgs({ options, allowPositionals: true }));
    if (parsed === undefined) return undefined;
    const { values, positionals } = parsed;
    const hasFiles = positionals.length > 0;
    if ((values.report === true) !== hasFiles) {
        console.error("--report and files belong together: name the reports after --report, and nothing else");
        return undefined;
    }
    return { ...values, report: values.report === true ? positionals.map((file) => resolve(file)) : undefined };
}

/** Texts of controls/ by name; another folder of that form is for the tests of this script. */
function sources(folder = join(root, "controls")) {
    const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Runs the files tier by tier; where their reports are. */
function runTests(files, only) {
    const folder = mkdtempSync(join(tmpdir(), "qptunnel-compliance-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const tiers = [...new Set(files.map((file) => file.split("/")[1]))].filter(
        (tier) => only === undefined || tier === only,
    );
    if (tiers.length === 0) throw new Error(`no claim is checked by tests of tier ${only}`);
    return tiers.map((tier) => {
        const own = files.filter((file) => file.startsWith(`test/${tier}/`));
        const env = { ...process.env, QPTUNNEL_REPORTS: folder };
        // What the tests print is about the run; standard output is for the rows.
        const args = [join(root, "scripts/test.mjs"), tier, ...own];
        spawnSync(process.execPath, args, { cwd: root, env, stdio: ["ignore", 2, "inherit"] });
        return join(folder, `${tier}.json`);
    });
}

/** What a part gives, or undefined after saying why it does not. */
function given(part) {
    try {
        return part();
    } catch (error) {
        console.error(error.message);
        return undefined;
    }
}
