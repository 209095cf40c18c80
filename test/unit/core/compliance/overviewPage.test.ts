import { overviewPage } from "../../../../core/compliance/overviewPage.js";
import { parseReport, resultsOf } from "../../../../core/compliance/results.js";
import { EXAMPLE, reportOf, suite } from "./example.js";

test("counts what there is, and leads from claims to controls", () => {
    const page = overviewPage(EXAMPLE);
    expect(page).toContain("2 claims, checked by 3 tests and 1 commands.\n");
    expect(page).toContain("| [Soc](soc2.md) | its first edition | 1 | 3 |\n");
    expect(page).toContain("| [stack-intact](claims.md#stack-intact) | [CC6.1](soc2.md#cc61-identity) | [A.8.1](");
});

test("with results each standard is counted by them", () => {
    const report = suite("test/unit/keys.test.ts", {
        "keys > are *different*": "passed",
        "keys > of x are refused": "passed",
    });
    const page = overviewPage(EXAMPLE, resultsOf(EXAMPLE, [parseReport(reportOf(report))!], []));
    expect(page).toContain("| standard | edition | controls | rows | met | failing | not checked |\n");
    expect(page).toContain("| [Soc](soc2.md) | its first edition | 1 | 3 | 2 | 0 | 1 |\n");
    expect(page).toContain("| met | [own-key]");
});
