// Runs the checks and the tests, and counts them.
//
// Becomes root with sudo where it is not, but for the unit tests.
//
//   npm test                   types, lint, and every tier
//   npm run test:unit          one tier: test/unit (no root, no engine), test/integration (both), test/smoke (the package,
//                              which it installs with npm, pnpm, Yarn and Bun)
//   npm run test:unit -- test/unit/core/addresses/index.test.ts    some files of it
//   npm run test:slow          files called *.slow.test.ts, and tests that try more when SLOW=1 is in the environment, with it
//   npm run test:browsers      a tier of its own, never part of the others: it installs Chromium and Firefox
//   npm run test:languages     programs in YAML and Python, and generated SDKs: it builds their language hosts once; CI runs it
//   npm run test:vm            an emulated Debian (see testVm.mjs), half an hour: CI runs it if there is time for it
//
// What takes minutes is in files called *.slow.test.ts. CI runs them at the end, while there is time, and begins with others of
// them each day; elsewhere `npm test` leaves them out. What was left out is said.
//
// The last line says "N passed, N failed". In CI a skipped test counts as failed; a tier without tests fails everywhere.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { asRoot, isRoot } from "./asRoot.mjs";
import { provideBrowsers } from "./toolchain/browsers.mjs";
import { provideLanguages } from "./toolchain/languages.mjs";
import { providePackageManagers } from "./toolchain/packageManagers.mjs";
import { provide } from "./toolchain/provide.mjs";
import { provideVm } from "./vm/provide.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [tier, ...files] = process.argv.slice(2);
const tiers = ["unit", "integration", "smoke", ...(process.env.CI ? ["languages", "vm"] : [])];
/** Minutes after which CI, which ends a run after 90, does not begin with these any more. */
const BEGINS_WITHIN = { vm: 45, slow: 70 };
/** Slow files that CI runs at once, so that it can end between them. */
const BATCH = 4;
/** Tiers that need more than the others: what brings it, and may give variables for the environment. */
const extraTiers = {
    browsers: provideBrowsers,
    vm: provideVm,
    languages: provideLanguages,
    smoke: providePackageManagers,
};
const SLOW = /\.slow\.test\.ts$/;
const known = [...new Set([...tiers, "slow", ...Object.keys(extraTiers)])];
if (tier !== undefined && !known.includes(tier)) {
    console.error(`no tier is called ${tier}: say ${known.join(", ")} or nothing`);
    process.exit(2);
}

if (tier !== "unit" && !isRoot()) {
    // What is built in this folder stays the person's own.
    if (spawnSync("npm", ["run", "-s", "build"], { cwd: root, stdio: "inherit" }).status !== 0) process.exit(1);
    const typed = tier === undefined ? "npm test" : `npm run test:${tier}`;
    process.exit(asRoot(fileURLToPath(import.meta.url), process.argv.slice(2), typed));
}

/** Where jest's reports stay, one a tier: for a caller, and for the claims that they check. */
const kept = process.env.QPTUNNEL_REPORTS ?? (tier === undefined ? temporary("reports") : undefined);

// Unit tests need these only, so they run in seconds on a machine that has nothing else.
const unitTools = ["node", "shellcheck", "openssl", "python3"];
const tools = await provide({ tests: true, ...(tier === "unit" ? { only: unitTools } : {}) }).catch(giveUp);
const slow = tier === "slow" ? { SLOW: "1" } : {};
const env = {
    ...process.env,
    ...slow,
    PATH: [tools, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
};

const checks = tier === undefined ? ["build", "types", "lint"] : ["build"];
const failedChecks = checks.filter((check) => !ran("npm", ["run", "-s", check], `check ${check}`));
const counts = [];
const leftOut = tier === undefined ? ["languages", "vm"].filter((name) => !tiers.includes(name)) : [];
for (const name of tier === undefined ? tiers : [tier]) {
    if (tier === undefined && name === "vm" && !isTimeFor("vm")) leftOut.push(name);
    else counts.push(await runTier(name));
}
if (tier === undefined && process.env.CI) await runSlow();

if (tier === undefined) checkClaims();

const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
const failed = sum("failed") + failedChecks.length;
console.log();
for (const check of failedChecks) console.log(`${check}: failed`);
for (const count of counts) console.log(`${count.tier}: ${line(count)}${count.remark ?? ""}`);
for (const left of leftOut)
    console.log(`${left}: left out (npm run test:${SLOW.test(left) ? `integration -- ${left}` : left} runs it)`);
console.log();
console.log(line({ passed: sum("passed"), failed, skipped: sum("skipped") }));
process.exitCode = failed > 0 ? 1 : 0;

function giveUp(error) {
    console.error(error.message);
    process.exit(1);
}

function isTimeFor(what) {
    return process.uptime() / 60 <= BEGINS_WITHIN[what];
}

/** The slow files that the integration tier left out. */
async function runSlow() {
    const all = filesOf("test/integration")
        .filter((file) => SLOW.test(file))
        .sort();
    const today = (Math.floor(Date.now() / 86_400_000) * BATCH) % all.length;
    const inTurn = [...all.slice(today), ...all.slice(0, today)];
    for (let first = 0; first < inTurn.length; first += BATCH) {
        const batch = inTurn.slice(first, first + BATCH);
        if (isTimeFor("slow")) counts.push(await runTier("integration", batch, `slow-${first / BATCH + 1}`));
        else leftOut.push(...batch);
    }
}

/** @param chosen files of it; none: all, but for slow ones */
async function runTier(name, chosen = files, title = name) {
    const more = await extraTiers[name]?.().catch((error) => error);
    if (more instanceof Error) {
        console.error(`\n== tier ${name}\n${more.message}`);
        return { tier: name, passed: 0, failed: 1, skipped: 0, remark: " (what it needs is not there: see above)" };
    }
    const directory = kept ?? temporary("report");
    const report = join(directory, `${title}.json`);
    const projects = name === "slow" ? ["unit", "integration"] : [name];
    const args = [...(name === "slow" && chosen.length === 0 ? slowFiles() : chosen), "--json", "--outputFile", report];
    const left = leavesSlow(name, chosen) ? filesOf(join("test", name)).filter((file) => SLOW.test(file)) : [];
    if (left.length > 0) args.push(`--testPathIgnorePatterns=${SLOW.source}`);
    // Laboratories do not know of each other; more than two engines at a time only wait for one another.
    if (projects.includes("integration")) args.push("--maxWorkers=2");
    else if (name !== "unit") args.push("--runInBand");
    args.push("--selectProjects", ...projects);
    const passed = ran("jest", args, `tier ${title}`, more);
    try {
        const count = counted(title, passed, JSON.parse(readFileSync(report, "utf8")));
        const remark =
            left.length === 0 || process.env.CI
                ? ""
                : ` (${left.length} slow files left out: npm run test:slow runs them)`;
        return { ...count, remark: `${count.remark ?? ""}${remark}` };
    } catch (error) {
        return { tier: name, passed: 0, failed: 1, skipped: 0, remark: ` (jest left no report: ${error.message})` };
    } finally {
        if (kept === undefined) rmSync(directory, { recursive: true });
    }
}

function temporary(name) {
    return mkdtempSync(join(tmpdir(), `qptunnel-${name}-`));
}

/** What the tiers showed of the claims in controls/. */
function checkClaims() {
    const reports = readdirSync(kept).map((name) => join(kept, name));
    const args = ["run", "-s", "compliance", "--", "--quiet", "--report", ...reports];
    if (!ran("npm", args, "check compliance")) failedChecks.push("compliance");
    if (process.env.QPTUNNEL_REPORTS === undefined) rmSync(kept, { recursive: true });
}

/** Whoever names files gets those; CI has them in a part of their own. */
function leavesSlow(name, chosen) {
    return name !== "slow" && chosen.length === 0 && (!process.env.CI || name === "integration");
}

/** Slow files, and those that try a sample in the ordinary run and everything with SLOW=1. */
function slowFiles() {
    return ["test/unit", "test/integration"]
        .flatMap(filesOf)
        .filter(
            (file) => SLOW.test(file) || /process\.env(\.SLOW|\["SLOW"\])/.test(readFileSync(join(root, file), "utf8")),
        );
}

function filesOf(folder) {
    return readdirSync(join(root, folder), { recursive: true })
        .map((name) => join(folder, name))
        .filter((file) => file.endsWith(".ts"));
}

function counted(tier, jestPassed, report) {
    const skipped = report.numPendingTests + report.numTodoTests;
    const count = {
        tier,
        passed: report.numPassedTests,
        // A file that could not be loaded has no failed test to show for it.
        failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
        skipped: process.env.CI ? 0 : skipped,
    };
    if (process.env.CI && skipped > 0) {
        return { ...count, failed: count.failed + skipped, remark: ` (${skipped} skipped, which CI does not accept)` };
    }
    if (count.passed + count.failed === 0) return { ...count, failed: 1, remark: " (it has no tests that ran)" };
    if (!jestPassed && count.failed === 0) return { ...count, failed: 1, remark: " (jest itself failed)" };
    return count;
}

function line({ passed, failed, skipped }) {
    return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Runs one part, whose output goes where ours goes; whether it succeeded. */
function ran(command, args, title, more) {
    console.log(`\n== ${title}`);
    const result = spawnSync(command, args, {
        cwd: root,
        env: { ...env, ...more },
        stdio: ["ignore", "inherit", "inherit"],
    });
    if (result.error !== undefined) console.error(`${command}: ${result.error.message}`);
    return result.status === 0;
}
