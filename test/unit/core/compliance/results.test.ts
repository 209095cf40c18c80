import type { CommandCheck, Results } from "../../../../core/compliance/model.js";
import { claimResult, parseReport, resultsOf } from "../../../../core/compliance/results.js";
import { EXAMPLE, reportOf, suite } from "./example.js";

const KEYS = "/elsewhere/test/unit/keys.test.ts";
const [ownKey, stackIntact] = EXAMPLE.claims;
const command = stackIntact!.checks[1] as CommandCheck;

const results = (suites: object[], status?: number, said = ""): Results =>
    resultsOf(
        EXAMPLE,
        [parseReport(reportOf(...suites))!],
        status === undefined ? [] : [{ check: command, status, said }],
    );

const PASSED = { "keys > are *different*": "passed", "keys > of zero are refused": "passed" };

test("a claim is met when every test that a check names passed, in a report of any folder", () => {
    expect(claimResult(ownKey!, results([suite(KEYS, PASSED)]))).toEqual({ state: "met" });
});

test("a failed case fails the claim, with the first line of the reason", () => {
    const failed = suite(KEYS, { ...PASSED, "keys > of one are refused": "failed" });
    expect(claimResult(ownKey!, results([suite(KEYS, PASSED), failed]))).toEqual({
        state: "failing",
        detail: "test/unit/keys.test.ts > keys > of %s are refused: Error: expected 1",
    });
});

test("a test that does not exist fails, and so does a file that could not be loaded", () => {
    expect(claimResult(ownKey!, results([suite(KEYS, { "keys > are *different*": "passed" })]))).toEqual({
        state: "failing",
        detail: "test/unit/keys.test.ts > keys > of %s are refused: there is no such test",
    });
    expect(claimResult(ownKey!, results([suite(KEYS, {}, "\n  ● cannot find module x")]))).toMatchObject({
        detail: expect.stringContaining("test/unit/keys.test.ts did not run: ● cannot find module x"),
    });
});

test.each([
    ["no report of the file", []],
    ["a file of a similar name", [suite("/elsewhere/test/unit/monkeys.test.ts", PASSED)]],
    ["a case that was skipped", [suite(KEYS, { ...PASSED, "keys > of one are refused": "pending" })]],
])("%s is not met", (_, suites) => {
    expect(claimResult(ownKey!, results(suites))).toMatchObject({ state: "not checked" });
});

test("a claim with several kinds of checks needs all of them", () => {
    const log = suite("test/integration/log.test.ts", { verifies: "passed" });
    expect(claimResult(stackIntact!, results([log]))).toEqual({ state: "not checked", detail: "1 of 2 checks have a result" }); // prettier-ignore
    expect(claimResult(stackIntact!, results([log], 0))).toEqual({ state: "met" });
    expect(claimResult(stackIntact!, results([], 0))).toMatchObject({ state: "not checked" });
    expect(claimResult(stackIntact!, results([log], 1, "\nline 3: was \u001b[2Jchanged\nmore"))).toEqual({
        state: "failing",
        detail: `${command.command} exited with status 1: line 3: was <U+001B>[2Jchanged`,
    });
    const unstarted = resultsOf(EXAMPLE, [], [{ check: command, said: "" }]);
    expect(claimResult(stackIntact!, unstarted)).toMatchObject({ detail: `${command.command} could not be started` });
});

test.each(["", "{}", "[1]", '{"testResults":[{"name":1}]}'])("%j is not a report", (text) => {
    expect(parseReport(text)).toBeUndefined();
});
