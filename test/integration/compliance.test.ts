/** Claims about a stack, whose checks are commands: they hold on a relay as it was applied, and each fails for what it is about. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { Lab, type LabNode, type TOPOLOGY } from "../lab/index.js";
import { execute, type Outcome } from "../lab/processes.js";
import { searchPath, Stack } from "../lab/stack.js";
import { withKeys } from "./engine/fixtures.js";

jest.setTimeout(300_000);

const script = resolve(__dirname, "../../scripts/compliance.mjs");
const [alice, rogue] = withKeys("alice", "rogue");

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;

beforeAll(async () => {
    lab = await Lab.create("claims");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        endpoint: `${relay.place.wan}:51820`,
        peers: [{ name: "alice", publicKey: alice!.publicKey }],
        services: [{ name: "notes", upstream: "127.0.0.1:3000", allow: ["alice"] }],
    });
    await stack.up();
    mkdirSync(join(stack.folder, "node_modules/.bin"), { recursive: true });
    symlinkSync(resolve(__dirname, "../../dist/cli/main.js"), join(stack.folder, "node_modules/.bin/qp-tunnel"));
    stack.file("none.json", { testResults: [] });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

/** The claims of this repository, without tests. */
function check(): Promise<Outcome> {
    const args = ["--report", join(stack.folder, "none.json"), "--stack", "dev", "--project", stack.folder];
    return execute([process.execPath, "--disable-warning=DEP0180", script, ...args], {
        env: { ...stack.env, PATH: searchPath(), HOME: stack.folder },
    });
}

/** Claims by the state that is printed, of those that are about a stack. */
function states(stdout: string): Record<string, string> {
    const rows = stdout.matchAll(/^(met|failing|not checked) .* (stack-[a-z-]+)$/gm);
    return Object.fromEntries([...rows].map(([, state, claim]) => [claim!, state!]));
}

const MET = {
    "stack-access": "met",
    "stack-as-declared": "met",
    "stack-log-complete": "met",
    "stack-log-intact": "met",
    "stack-negotiates": "met",
};

it("are met on a relay as it was applied; a claim whose tests did not run is not", async () => {
    const { code, stdout, stderr } = await check();
    expect({ states: states(stdout), stderr }).toEqual({ states: MET, stderr: "" });
    expect(stdout).toMatch(/^not checked +soc2 +CC6\.1 +peer-identity$/m);
    expect(stdout).toMatch(/, 0 failing, \d+ not checked$/m);
    expect(code).toBe(0);
});

it("fail with an unknown peer on the interface, which is named", async () => {
    const peer = ["peer", rogue!.publicKey];
    await relay.run(["wg", "set", stack.declared.interface, ...peer, "allowed-ips", "10.8.0.66/32"]);
    const { code, stdout } = await check();
    await relay.run(["wg", "set", stack.declared.interface, ...peer, "remove"]);
    expect(states(stdout)).toMatchObject({ "stack-as-declared": "failing", "stack-log-intact": "met" });
    expect(stdout).toMatch(/^failing: stack-as-declared: qp-tunnel status --stack \{stack\} exited with status 1/m);
    expect(code).toBe(1);
});

it("fail with one changed byte in the log", async () => {
    const log = readFileSync(stack.logFile, "utf8");
    writeFileSync(stack.logFile, log.replace('"status":"success"', '"status":"succesS"'));
    const { code, stdout } = await check();
    writeFileSync(stack.logFile, log);
    expect(states(stdout)).toMatchObject({ "stack-log-intact": "failing", "stack-as-declared": "met" });
    expect(code).toBe(1);
});
