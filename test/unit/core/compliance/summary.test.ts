import { parseReport, resultsOf } from "../../../../core/compliance/results.js";
import { hasFailing, summaryText } from "../../../../core/compliance/summary.js";
import { EXAMPLE, reportOf, suite } from "./example.js";

const report = (status: string) =>
    parseReport(reportOf(suite("test/unit/keys.test.ts", { "keys > are *different*": status, "keys > of x are refused": "passed" })))!; // prettier-ignore

test("has a line for each row, the reasons of those that fail, and the counts", () => {
    const results = resultsOf(EXAMPLE, [report("failed")], []);
    expect(hasFailing(EXAMPLE, results)).toBe(true);
    const text = summaryText(EXAMPLE, results);
    expect(text.split("\n").slice(0, 4)).toEqual([
        "failing      soc2      CC6.1             own-key",
        "not checked  soc2      CC6.1             stack-intact",
        "failing      soc2      Further           own-key",
        "failing      iso27001  A.8.1             own-key",
    ]);
    const end = "\n\nfailing: own-key: test/unit/keys.test.ts > keys > are *different*: Error: expected 1\n\n18 rows: 0 met, 12 failing, 6 not checked\n"; // prettier-ignore
    expect(text.slice(-end.length)).toBe(end);
    expect(summaryText(EXAMPLE, results, true)).not.toContain("\nnot checked");
});

test("without a failing row says the counts alone when it is to be quiet", () => {
    const results = resultsOf(EXAMPLE, [report("passed")], []);
    expect(hasFailing(EXAMPLE, results)).toBe(false);
    expect(summaryText(EXAMPLE, results, true)).toBe("18 rows: 12 met, 0 failing, 6 not checked\n");
});
