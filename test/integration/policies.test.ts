import { readFileSync } from "node:fs";
import { join } from "node:path";

import { relayPolicies } from "../../policies/index.js";
import { Lab } from "../lab/index.js";
import { writeDocumentedPack, writePolicyPack } from "../lab/policyPack.js";
import { Stack } from "../lab/stack.js";
import { withKeys } from "./engine/fixtures.js";

// The policies in a policy pack, asked by the real engine: of a program that they accept, and of one that breaks every rule.

jest.setTimeout(240_000);

const DAY = 24 * 3600 * 1000;
const [alice] = withKeys("alice");

let lab: Lab<"relay">;
let stack: Stack;

beforeAll(async () => {
    lab = await Lab.create("policies", { relay: { wan: "198.51.100.2" } });
    const { namespace } = lab.node("relay");
    stack = await Stack.create({
        namespace,
        interface: lab.interface("relay"),
        endpoint: "198.51.100.2",
        peers: [],
        publicKey: alice!.publicKey,
        expires: new Date(Date.now() + 30 * DAY).toISOString().replace(/\.\d+/, ""),
    });
    stack.file("index.js", readFileSync(join(__dirname, "../lab/programs/policies.js"), "utf8"));
    Object.assign(stack.env, { GITHUB_ACTIONS: "true", GITHUB_REF: "refs/heads/main", QPTUNNEL_APPROVER: "ines" });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("lets an update and a preview pass that break no rule", async () => {
    const pack = writePolicyPack(stack, "strict", { "relay-peer-expiry": { maxDays: 90 } });
    expect(policiesOf(await stack.up("--policy-pack", pack))).toEqual({ passed: true, violations: [] });
    stack.declare({ branch: "good" });
    expect(policiesOf(await stack.preview("--policy-pack", pack))).toEqual({ passed: true, violations: [] });
});

it("refuses a program that breaks every rule, and says for each what to change", async () => {
    stack.env["QPTUNNEL_APPROVER"] = "";
    stack.declare({ branch: "bad" });
    const pack = writePolicyPack(stack, "failing", { "relay-key-age": { maxDays: 0 } });
    const { passed, violations } = policiesOf(await stack.fail(["preview", "--policy-pack", pack]));
    expect(passed).toBe(false);
    expect(violations).toEqual(ALL);
    const broken = new Set(violations.map(([, policy]) => policy));
    expect([...broken].sort()).toEqual(relayPolicies().map(({ name }) => name).sort()); // prettier-ignore
});

it("runs the pack of the documentation, whose rules Pulumi's own configuration switches off", async () => {
    const pack = writeDocumentedPack(stack);
    const off = relayPolicies().map(({ name }) => [name, "disabled"]);
    const age = { enforcementLevel: "advisory", maxDays: 0 };
    stack.file("policies/config.json", { ...Object.fromEntries(off), "relay-key-age": age });
    const config = ["--policy-pack-config", join(pack, "config.json")];
    const preview = await stack.preview("--policy-pack", pack, ...config);
    expect(policiesOf(preview).violations).toEqual([["advisory", "relay-key-age", "office-wireguard", AGE]]);
});

const AGE = expect.stringMatching(
    /^relay office: the key of peer alice has been in use since \d{4}-\S+Z \(0 days\), and 0 days are allowed; rotate it$/,
) as string;
const NO_APPROVER =
    "this pipeline names no approver of the change; set QPTUNNEL_APPROVER to the person who approved it";

const ALL: Violation[] = [
    ["branch-grants", "relay-all-grants", "relay branch: a grant allows bob all protocols and ports of 192.168.9.0/24; list the ports that it needs, \"tcp/22\" for example"],
    ["bare-registry", "relay-approver", `relay bare: ${NO_APPROVER}`],
    ["branch-registry", "relay-approver", `relay branch: ${NO_APPROVER}`],
    ["office-registry", "relay-approver", `relay office: ${NO_APPROVER}`],
    ["bare-registry", "relay-audit-log", "relay bare: its audit log is not pinned in the stack; declare it with Relay and an AuditSink, and run `pulumi up` without --target"],
    ["branch-host", "relay-confirm-timeout", "relay branch: a change that cuts off the operator stays for 3600 s, and 300 s are allowed; set a shorter confirmTimeout"],
    ["branch-host", "relay-host-key", "relay branch: trustOnFirstUse accepts any host key on the first connection; remove it and set hostKey"],
    ["office-wireguard", "relay-key-age", AGE],
    ["branch-proxy", "relay-key-exchange", "relay branch: service wiki accepts clients without post-quantum key exchange; set keyExchange: \"require\""],
    ["branch-audit", "relay-log-mirror", "relay branch: the audit log is not mirrored on the relay; remove mirror: false from AuditSink"],
    ["branch-registry", "relay-peer-expiry", "relay branch: peer bob does not expire; set expires"],
    ["branch-wireguard", "relay-preshared-keys", "relay branch: peer bob has no preshared key; remove presharedKey: \"none\", and the relay derives one"],
].map(([resource, policy, message]): Violation => ["mandatory", policy!, resource!, message!]); // prettier-ignore

type Violation = [level: string, policy: string, resource: string, message: string];

/** What the engine prints of the policies at the end. */
function policiesOf(text: string): { passed: boolean; violations: Violation[] } {
    const shown = /^ *- \[(\w+)\] {2}(\S+) {2}\(\S+: (\S+)\)\n.*\n *(\S.*)$/gm;
    const violations = [...text.matchAll(shown)].map(([, ...parts]) => parts as Violation);
    return { passed: /^ *✅ relays@v1\.0\.0/m.test(text), violations };
}
