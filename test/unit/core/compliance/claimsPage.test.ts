import { claimsPage } from "../../../../core/compliance/claimsPage.js";
import { resultsOf } from "../../../../core/compliance/results.js";
import type { CommandCheck } from "../../../../core/compliance/model.js";
import { EXAMPLE } from "./example.js";

test("each claim has its checks by their titles, what it leaves, and the controls that refer to it", () => {
    const page = claimsPage(EXAMPLE);
    expect(page).toContain(`## Keys

### own-key

Each peer has a key | of its own.

- checked by \`test/unit/keys.test.ts\`: “keys > are \\*different\\*”
- checked by \`test/unit/keys.test.ts\`: “keys > of %s are refused”
- to look at: \`sudo wg show\`
- not covered: the device
- supports Soc [CC6.1](soc2.md#cc61-identity), [Further](soc2.md#further); Iso `);
    expect(page).toContain(
        "- checked by `npx --no qp-tunnel audit verify audit/prod.jsonl --state state.json`: no record is missing\n",
    );
});

test("with results each check has its own, with the reason as code", () => {
    const check = EXAMPLE.claims[1]!.checks[1] as CommandCheck;
    const page = claimsPage(EXAMPLE, resultsOf(EXAMPLE, [], [{ check, status: 1, said: "`x` is gone" }]));
    expect(page).toContain("- result: **failing**\n");
    expect(page).toContain(
        ": no record is missing – **failing**: `` qp-tunnel audit verify {log} --state {state} exited with status 1: `x` is gone ``\n",
    );
    expect(page).toContain("“verifies” – not checked\n");
});
