import { controlLink, frameworkPage } from "../../../../core/compliance/frameworkPage.js";
import { parseReport, resultsOf } from "../../../../core/compliance/results.js";
import { EXAMPLE, reportOf, suite } from "./example.js";

const [soc] = EXAMPLE.frameworks;

test("a page has each control with its claims, what checks them and what they leave, and nothing that changes by itself", () => {
    expect(frameworkPage(soc!)).toBe(`# Soc

<!-- Written by \`npm run compliance\` from controls/. Do not edit. -->

What Soc asks.

Identifiers are those of its first edition. [How to read and run these pages](_index.md) · [Claims](claims.md) ·
[Overview](overview.md)

## Keys

### CC6.1 identity

| what this library does | checked by | not covered |
|---|---|---|
| Each peer has a key \\| of its own. ([own-key](claims.md#own-key)) | \`test/unit/keys.test.ts\` (2 tests) | the device |
| The log of this stack is intact. ([stack-intact](claims.md#stack-intact)) | \`test/integration/log.test.ts\`, \`npx --no qp-tunnel audit verify audit/prod.jsonl --state state.json\` | what was never written |

### Further

| what this library does | checked by | not covered |
|---|---|---|
| Each peer has a key \\| of its own. ([own-key](claims.md#own-key)) | \`test/unit/keys.test.ts\` (2 tests) | the device |

## Out of scope

| control | why |
|---|---|
| A9 buildings | yours |
`);
});

test("with results each row has its own, and the page counts them", () => {
    const report = suite("test/unit/keys.test.ts", {
        "keys > are *different*": "failed",
        "keys > of x are refused": "passed",
    });
    const page = frameworkPage(soc!, resultsOf(EXAMPLE, [parseReport(reportOf(report))!], []));
    expect(page).toContain("3 rows: 0 met, 2 failing, 1 not checked.\n");
    expect(page).toContain("| **failing** | Each peer has a key");
    expect(page).toContain("| not checked | The log of this stack");
    expect(page).not.toContain("_index.md");
});

test("a control is linked to by its heading", () => {
    const hipaa = EXAMPLE.frameworks.find(({ id }) => id === "hipaa")!;
    const [first, second] = hipaa.sections[0].controls;
    expect(controlLink(hipaa, first)).toBe("[164.312(a)(2)(i)](hipaa.md#164312a2i-identity)");
    expect(controlLink(hipaa, second!)).toBe("[Further](hipaa.md#further)");
});
