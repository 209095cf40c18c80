import { GATE_NAMES } from "../../../../core/review/gates.js";
import { run } from "../run.js";

it("explains every reason to fail", async () => {
    const { code, stdout } = await run("review", "--help");
    expect(code).toBe(0);
    for (const gate of GATE_NAMES) expect(stdout).toMatch(new RegExp(`(?:^|\\s)${gate}\\s`));
});
