import { join } from "node:path";
import { AuditLog } from "../../../providers/audit/log.js";
import { tableName } from "../../../core/names.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { reasons, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const peers = withKeys("alice", "bob", "carol").map(({ name, publicKey }) => ({ name, publicKey }));
const UP = ["up", "--yes", "--skip-preview"];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let here: string;

beforeAll(async () => {
    lab = await Lab.create("badinput");
    relay = lab.node("relay");
    device = lab.interface("relay");
    here = `namespace ${relay.namespace} of this machine`;
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        peers,
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
    });
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it("refuses a key of low order in a preview, also when another resource supplies it", async () => {
    const weak = Buffer.alloc(32).toString("base64");
    stack.declare({ peers: [...peers, { name: "mallory", publicKey: { output: weak } }] });
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual([
        expect.stringMatching(
            /: peers\.mallory\.publicKey: is a point of low order, which provides no secrecy; give the output of `wg pubkey`$/,
        ),
    ]);
    stack.declare({ peers });
});

it("refuses a namespace that is not there before anything else is done", async () => {
    stack.declare({ namespace: "nowhere" });
    const text = await stack.fail(UP);
    stack.declare({ namespace: relay.namespace });
    expect(reasons(text)).toStrictEqual([
        "namespace nowhere: there is no such network namespace on this machine; create it with `ip netns add nowhere`, or correct hosts.local({ namespace })",
    ]);
    expect(lastFailure()).toMatch(/^setup_relay_error: namespace nowhere: there is no such network namespace/);
});

it("refuses what belongs to another program, step by step, and completes the relay once that is gone", async () => {
    const table = tableName({ appName: "qp-tunnel", interface: device });
    await relay.run(["nft", "add", "table", "inet", table]);
    expect(reasons(await stack.fail(UP))).toStrictEqual([
        `${here}: the nftables table inet ${table} exists but does not belong to this relay; remove it, or use another appName or interface`,
    ]);
    expect(await relay.run(["nft", "list", "table", "inet", table])).not.toContain("chain");
    await relay.run(["nft", "delete", "table", "inet", table]);

    await relay.run(["ip", "link", "add", device, "type", "bridge"]);
    expect(reasons(await stack.fail(UP))).toStrictEqual([
        `${here}: the interface ${device} exists but does not belong to this relay; remove it, or give the Relay another \`interface\``,
    ]);
    expect(await relay.run(["ip", "-o", "-d", "link", "show", device])).toContain(" bridge ");
    await relay.run(["ip", "link", "del", device]);

    const udp = await relay.udpEcho(51820);
    expect(reasons(await stack.fail(UP))).toStrictEqual([
        `${here}: UDP port 51820 is used by another program; stop it, or give the Relay another \`listenPort\``,
    ]);
    await udp.stop();

    const tcp = await relay.httpServer(8443, "somebody else's");
    expect(reasons(await stack.fail(UP))).toStrictEqual([
        expect.stringMatching(
            /: TCP port 8443 of service notes is already used by users:\(.*pid=\d+.*\); stop that program, or give the service another `port`$/,
        ),
    ]);
    expect(await relay.run(["nft", "list", "set", "inet", table, "acl4"])).not.toContain("elements");
    await tcp.stop();
    expect(lastFailure()).toMatch(/^services_apply_error: .*: TCP port 8443 of service notes is already used by/);

    await stack.up();
    await stack.refresh("--expect-no-changes");
});

it("refuses a revoked key that comes back, unless the program says so", async () => {
    stack.declare({ peers: peers.slice(0, 2) });
    await stack.up();
    stack.declare({ peers });
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual([
        expect.stringMatching(
            /^peers\.carol\.publicKey: was revoked when "carol" was removed; give a new key, or set reinstate: true/,
        ),
    ]);
    stack.declare({ peers: [...peers.slice(0, 2), { ...peers[2]!, reinstate: true }] });
    expect(await stack.preview()).toContain("relay: carol will be added at 10.8.0.4");
    stack.declare({ peers: peers.slice(0, 2) });
});

it("refuses to apply without root", async () => {
    // In a user namespace of its own the engine owns its files, and is nobody.
    stack.interpose("pulumi", 'exec unshare --user env PATH="${PATH#*:}" pulumi "$@"');
    stack.declare({ grants: [{ from: "alice", to: "bob", ports: ["icmp"] }] });
    expect(reasons(await stack.fail(UP))).toStrictEqual([
        "this machine: entering a network namespace needs root; run as root, for instance with sudo",
    ]);
    stack.restore();
});

it("refuses a log that another process keeps locked", async () => {
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const lock = new DatabaseSync(`${stack.logFile}.lock`);
    lock.exec("BEGIN IMMEDIATE");
    try {
        expect(reasons(await stack.fail(UP))).toStrictEqual([
            "audit/dev.jsonl: another writer has held its lock for more than 10 s; wait for the other update to end, or find out who holds the file (fuser, lsof)",
        ]);
    } finally {
        lock.close();
    }
});

it("refuses another stack's log", async () => {
    const path = join(stack.folder, "audit", "foreign.jsonl");
    const key = join(stack.folder, "config/pulumi-qp-tunnel/keys/lab/dev.key");
    const log = await AuditLog.open({ path, project: "elsewhere", stack: "prod", signingKey: `file:${key}` });
    await log.append({ action: "setup_relay", message: "Another relay" });
    stack.declare({ audit: { path: "audit/foreign.jsonl" } });
    expect(reasons(await stack.fail(["preview"]))).toStrictEqual([
        expect.stringContaining(
            'line 1 of audit/foreign.jsonl: the log that the state remembers is audit/dev.jsonl: the first record identifies it, not the stack\'s name; point to it with `path: "audit/dev.jsonl"` of AuditSink',
        ),
    ]);
});

/** The reason of the last failure in the log. */
function lastFailure(): string {
    const { action, message } = stack.log().findLast(({ status }) => status === "failure")!;
    return `${action}: ${message}`;
}
