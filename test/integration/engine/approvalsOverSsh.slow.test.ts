import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { Lab, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { execute } from "../../lab/processes.js";
import { startSshd } from "../../lab/sshd.js";
import { type Declared, Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

// What a preview commits to is what the update comes to, where values come from a machine: over SSH, with a managed peer, in a rotation.

jest.setTimeout(600_000);

const [alice, bob] = withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey })) as [Mate, Mate];
type Mate = { name: string; publicKey: string };
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let managed: { name: string; [argument: string]: unknown };

beforeAll(async () => {
    lab = await Lab.create("approvalsOverSsh");
    const relay = lab.node("relay");
    const { hostKey, identityFile } = await startSshd(relay, lab.folder);
    managed = {
        name: "nas",
        host: { namespace: lab.node("alice").namespace },
        interface: lab.interface("alice"),
    };
    stack = await Stack.create({
        interface: lab.interface("relay"),
        ssh: { address: relay.place.wan, hostKey, identityFile },
        confirmTimeout: 10,
        peers: [alice, managed],
        services: [{ name: "web", upstream: { peer: "nas", port: 80 }, allow: ["alice"] }],
    });
    stack.liveIn(lab.node("outside"));
    const key = join(stack.folder, "ann");
    expect((await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])).code).toBe(0);
    const signers = `ann@example.com ${readFileSync(`${key}.pub`, "utf8")}`;
    stack.declare({ audit: { approvers: { signers, emergency: "refuse" } } });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

/** Approves what the program declares now, and applies it, from a machine that has seen nothing of it. */
async function applyApproved(changes: Partial<Declared> = {}): Promise<void> {
    stack.declare(changes);
    rmSync(join(stack.folder, "approvals"), { recursive: true, force: true });
    stack.file("plan.json", (await stack.succeed(["preview", "--json"])).stdout);
    const { code, stderr } = await qpTunnel(stack, ["approve", "plan.json", "--key", "ann"]);
    expect([code, stderr]).toEqual([0, ""]);
    await stack.up();
    await stack.preview("--expect-no-changes");
}

it.each<[string, () => Partial<Declared>]>([
    ["makes it", () => ({})],
    ["adds a peer", () => ({ peers: [alice, managed, bob] })],
    ["changes the interface", () => ({ mtu: 1400 })],
    ["begins a rotation of the relay's key", () => ({ keyEpochs: [1, 2] })],
    ["rotates the managed peer's key", () => ({ peers: [alice, { ...managed, keyEpoch: 2 }, bob] })],
    ["grants and revokes", () => ({ grants: [{ from: ["bob"], to: "nas", ports: ["icmp"] }], services: [] })],
    ["removes the managed peer", () => ({ peers: [alice, bob], grants: [] })],
])("%s, as it was approved", (_what, changes) => applyApproved(changes())); // prettier-ignore

it("proves all of it from the log", async () => {
    const { code, stdout } = await qpTunnel(stack, ["audit", "verify", "audit/dev.jsonl"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\d+ operations under 7 approvals by ann@example\.com/)]);
});
