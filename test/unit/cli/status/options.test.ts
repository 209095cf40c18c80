import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

it.each([
    [["--prometheus", "--json"], "--prometheus: goes with neither --json nor --watch; give one of them"],
    [["--prometheus", "--watch"], "--prometheus: goes with neither"],
    [["--watch", "0"], "--watch: 0 is no whole number from 1 on; give one"],
    [["--stale", "3m"], "--stale: 3m is no whole number from 1 on"],
    [["--expiring", "-1"], "--expiring: -1 is no whole number from 0 on"],
    [["--timeout", "0"], "--timeout: 0 is no whole number from 1 on"],
    [["--state", "/nowhere"], "--state /nowhere: there is no such file; write it with pulumi stack export"],
])("status %j is wrong usage", async (options, message) => {
    const { code, stdout, stderr } = await run("status", ...options);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error: ${message}`);
});

it.each([
    ["{", "it is not JSON"],
    ["[]", "it is no exported stack"],
    ['{ "deployment": { "resources": [] } }', "the stack: has no relay yet"],
])("a state that says %s is refused", async (text, message) => {
    const { code, stderr } = await run("status", "--state", scratch.write("state.json", text));
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
