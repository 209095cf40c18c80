import { run } from "./run.js";

it.each<[string, string[]]>([
    [
        "status",
        [
            "--stack",
            "--state",
            "--json",
            "--relay",
            "--watch",
            "--prometheus",
            "--probe",
            "--require",
            "--stale",
            "--expiring",
            "--timeout",
        ],
    ],
    ["doctor", ["--stack", "--state", "--json", "--timeout"]],
    ["list", ["--stack", "--state", "--json", "--relay"]],
    [
        "config",
        ["--stack", "--state", "--json", "--relay", "--epoch", "--format", "--interface", "--output", "--qr", "--png"],
    ],
    ["offer", ["--stack", "--state", "--json", "--name", "--for", "--since", "--signing-key", "--output"]],
    ["ca", ["--stack", "--state", "--json", "--format", "--relay", "--algorithm", "--output"]],
])("%s takes the options that its help says", async (name, options) => {
    const { code, stdout } = await run(name, "--help");
    expect(code).toBe(0);
    const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(named.filter((option) => option !== "--help")).toEqual(options);
    // What each exit code means is told where a script has to know.
    expect(stdout).toMatch(/exits? with|exit (?:status|code)/i);
});

it.each([
    [["status", "--relais", "hub"], "error: unknown option '--relais'"],
    [["config"], "error: missing required argument 'peer'"],
    [["list", "hub"], "error: too many arguments for 'list'"],
])("%j is wrong usage", async (words, message) => {
    const { code, stderr } = await run(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

it("a command passes its options on, and its outcome is the exit code", async () => {
    const state = "/nowhere/state.json";
    for (const name of ["status", "list", "ca"]) {
        const { code, stderr } = await run(name, "--state", state);
        expect([code, stderr]).toEqual([2, expect.stringContaining(`--state ${state}: there is no such file`)]);
    }
});
