import { z } from "zod";

import { visible } from "../errors.js";
import { checkId, checksIn, namesTest } from "./checks.js";
import type { Check, Claim, CommandCheck, Controls, Result, Results, TestCheck } from "./model.js";

/** What jest writes with --json, as far as it is read here. */
const report = z.object({
    testResults: z.array(
        z.object({
            name: z.string(),
            message: z.string().optional(),
            status: z.string(),
            assertionResults: z.array(
                z.object({
                    ancestorTitles: z.array(z.string()),
                    title: z.string(),
                    status: z.string(),
                    failureMessages: z.array(z.string()).nullish(),
                }),
            ),
        }),
    ),
});

export type JestReport = z.infer<typeof report>;
type SuiteReport = JestReport["testResults"][number];

/** @returns undefined for what is not a jest report */
export function parseReport(text: string): JestReport | undefined {
    try {
        return report.safeParse(JSON.parse(text)).data;
    } catch {
        return undefined;
    }
}

/** How a command ended. */
export interface CommandOutcome {
    check: CommandCheck;
    /** Absent if it could not be started. */
    status?: number;
    /** What it printed last. */
    said: string;
}

/** What reports and commands say of each check. Of several runs of a test the worst counts. */
export function resultsOf(
    controls: Controls,
    reports: readonly JestReport[],
    outcomes: readonly CommandOutcome[],
): Results {
    const suites = reports.flatMap(({ testResults }) => testResults);
    const commands = new Map(outcomes.map((outcome) => [checkId(outcome.check), outcome]));
    const resultOf = (check: Check): Result =>
        check.kind === "test" ? testResult(check, suites) : commandResult(commands.get(checkId(check)));
    return new Map(checksIn(controls).map((check) => [checkId(check), resultOf(check)]));
}

/** A claim holds when each of its checks does. */
export function claimResult({ checks }: Claim, results: Results): Result {
    const known = checks.map((check) => results.get(checkId(check)) ?? UNCHECKED);
    const failing = known.filter(({ state }) => state === "failing");
    const details = failing.flatMap(({ detail }) => detail ?? []);
    if (failing.length > 0)
        return { state: "failing", ...(details.length === 0 ? {} : { detail: details.join("; ") }) };
    const met = known.filter(({ state }) => state === "met").length;
    if (met === known.length) return { state: "met" };
    return { state: "not checked", detail: `${met} of ${known.length} checks have a result` };
}

const UNCHECKED: Result = { state: "not checked" };

function testResult(check: TestCheck, suites: readonly SuiteReport[]): Result {
    // A report may come from another folder or machine.
    const own = suites.filter(({ name }) => name === check.file || name.endsWith(`/${check.file}`));
    const broken = own.find(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);
    if (broken !== undefined)
        return { state: "failing", detail: `${check.file} did not run: ${firstLine(broken.message)}` };
    const tests = own
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ ancestorTitles, title }) => namesTest(check, [...ancestorTitles, title]));
    const failed = tests.find(({ status }) => status === "failed");
    if (failed !== undefined)
        return { state: "failing", detail: `${checkId(check)}: ${firstLine(failed.failureMessages?.[0])}` };
    if (own.length > 0 && tests.length === 0)
        return { state: "failing", detail: `${checkId(check)}: there is no such test` };
    const ran = tests.filter(({ status }) => status === "passed");
    return ran.length > 0 && ran.length === tests.length ? { state: "met" } : UNCHECKED;
}

function commandResult(outcome: CommandOutcome | undefined): Result {
    if (outcome === undefined) return UNCHECKED;
    const { check, status, said } = outcome;
    if (status === 0) return { state: "met" };
    const end = status === undefined ? "could not be started" : `exited with status ${status}`;
    return { state: "failing", detail: `${check.command} ${end}${said === "" ? "" : `: ${firstLine(said)}`}` };
}

/** The first line that says something, without colours and whatever else a terminal would act on. */
function firstLine(text: string | undefined): string {
    // eslint-disable-next-line no-control-regex
    const plain = visible((text ?? "").replace(/\u001b\[[0-9;]*m/g, ""));
    return (
        plain
            .split("\n")
            .map((line) => line.trim())
            .find((line) => line !== "") ?? "no reason given"
    );
}
