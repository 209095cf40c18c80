import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

it.each([
    [["--prometheus", "--json"], "--prometheus: cannot be combined with --json or --watch; give one of them"],
    [["--prometheus", "--watch"], "--prometheus: cannot be combined with"],
    [["--watch", "0"], "--watch: 0 must be an integer ≥ 1; give one"],
    [["--stale", "3m"], "--stale: 3m must be an integer ≥ 1"],
    [["--expiring", "-1"], "--expiring: -1 must be an integer ≥ 0"],
    [["--timeout", "0"], "--timeout: 0 must be an integer ≥ 1"],
    [["--state", "/nowhere"], "--state /nowhere: there is no such file; write it with pulumi stack export"],
])("status %j is wrong usage", async (options, message) => {
    const { code, stdout, stderr } = await run("status", ...options);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error: ${message}`);
});

it.each([
    ["{", "it is not JSON"],
    ["[]", "it is not an exported stack"],
    ['{ "deployment": { "resources": [] } }', "the stack: does not have a relay yet"],
])("a state that says %s is refused", async (text, message) => {
    const { code, stderr } = await run("status", "--state", scratch.write("state.json", text));
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
