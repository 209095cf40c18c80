import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { reboot } from "../../lab/reboot.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { endWatcher } from "../../lab/watcher.js";
import { connect, livePeers, reasons, withKeys } from "./fixtures.js";

jest.setTimeout(600_000);

/** A machine is known by its id: how it is reached may change, and what it lost is written again. */
const team = withKeys("alice", "bob", "carol");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let sshd: Sshd;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("reached");
    relay = lab.node("relay");
    device = lab.interface("relay");
    sshd = await startSshd(relay, lab.folder);
    await startSshd(relay, lab.folder, { port: 2220 });
    stack = await Stack.create({
        ...{ interface: device, peers: plain, ssh: access(), confirmTimeout: 10 },
        grants: [{ from: "alice", to: "bob", ports: ["udp/7"] }],
    });
    stack.liveIn(lab.node("outside"));
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await connect(lab, configs, team, ["alice", "bob"]);
    await lab.node("bob").udpEcho(7);
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function access(more: Record<string, unknown> = {}): Record<string, unknown> {
    return { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile, ...more };
}

async function keys(): Promise<string[]> {
    return [...(await livePeers(relay, device)).values()].map(({ publicKey }) => publicKey).sort();
}

it("touches nothing on its machine when that is reached at another port, and can still revoke there", async () => {
    const before = await keys();
    const { certificates } = (await stack.state())["relay-proxy"]!.outputs;
    stack.declare({ ssh: access({ port: 2220 }) });
    const { words } = await stack.plan();
    const wan = relay.place.wan;
    expect(words["relay-host"]).toContain(
        `relay: is reached at root@${wan}:2220 instead of root@${wan}: if that is the same machine, nothing changes on it; if that is a different machine, the relay moves there with the same keys and addresses, and the old place is cleaned up last`,
    );
    const probe = await lab.node("alice").probe("10.8.0.3", 7, 500, 60_000);
    await probe.answers(100);
    await stack.up("--refresh");
    await probe.answers(100);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(await keys()).toEqual(before);
    expect((await stack.state())["relay-proxy"]!.outputs.certificates).toEqual(certificates);
    expect(stack.log().map(({ action }) => action)).not.toContain("relay_move");
    await stack.refresh("--expect-no-changes");

    stack.declare({ peers: plain.filter(({ name }) => name !== "carol") });
    await stack.up();
    expect(await keys()).toHaveLength(2);
});

it("warns in the preview of a route over where the last update came from, which an update from there refuses", async () => {
    const before = await keys();
    const { peers } = stack.declared;
    const client = lab.node("outside").place.wan!;
    stack.declare({ peers: [{ ...plain[0]!, routes: [`${client}/32`] }, plain[1]!] });
    const holds = `peers.alice.routes: ${client}/32 contains ${client}`;
    const then = "the relay would answer it through the tunnel and be cut off";
    expect(await stack.preview()).toContain(
        `relay: ${holds}, where the last update connected from: ${then}; an update from there will be refused`,
    );
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join("\n")).toContain(
        `${holds}, where this program connects from: ${then}; declare a smaller network`,
    );
    expect(await keys()).toEqual(before);
    stack.declare({ peers });
    await stack.up();
});

it("names, records and repairs a machine that was restored from an older copy", async () => {
    const copy = join(lab.folder, "copy");
    const place = { etc: stack.place("etc"), run: stack.place("run"), interface: device };
    cpSync(place.etc, copy, { recursive: true });
    const before = await keys();
    const [dora] = withKeys("dora");
    const peers = [plain[0]!, { name: "dora", publicKey: dora!.publicKey }];
    stack.declare({ peers, grants: [] });
    await stack.up();
    rmSync(place.etc, { recursive: true });
    cpSync(copy, place.etc, { recursive: true });
    await reboot(relay, place);
    expect(await keys()).toEqual(before);

    const words = /the machine was restored from an older copy: its last change is record \d+ of the log/;
    const asked = await qpTunnel(stack, ["status", "--json"], { node: lab.node("outside"), env: stack.env });
    expect((JSON.parse(asked.stdout) as { relays: { drift: string[] }[] }).relays[0]!.drift.join("\n")).toMatch(words);

    expect(await stack.up("--refresh")).toMatch(words);
    expect(stack.log().findLast(({ action }) => action === "relay_restored")).toMatchObject({ status: "success" });
    expect(await keys()).toEqual(peers.map(({ publicKey }) => publicKey).sort());
    await stack.refresh("--expect-no-changes");
});

it("takes a peer away at once also on a machine that was restored", async () => {
    const copy = join(lab.folder, "older");
    const place = { etc: stack.place("etc"), run: stack.place("run"), interface: device };
    cpSync(place.etc, copy, { recursive: true });
    stack.declare({ grants: [{ from: "alice", to: "dora", ports: ["tcp/22"] }] });
    await stack.up();
    rmSync(place.etc, { recursive: true });
    cpSync(copy, place.etc, { recursive: true });
    await reboot(relay, place);
    stack.declare({ peers: [plain[0]!], grants: [] });
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join("\n")).toMatch(
        /was restored from an older copy \(of record \d+ of the log, whose last change is record \d+\); run `pulumi up --refresh`/,
    );
    expect(await keys()).toEqual([plain[0]!.publicKey]);
    await stack.up("--refresh");
    await stack.refresh("--expect-no-changes");
});

it("sets up a machine that was rebuilt by `pulumi up --refresh`, with the same keys", async () => {
    const before = await keys();
    const publicKey = await relay.run(["wg", "show", device, "public-key"]);
    // A machine that is made anew has none of its processes either.
    await endWatcher(relay, stack.place("run"));
    const end = 'for file in "$1"/*.supervisor.pid "$1"/*.pid; do kill -KILL "$(cat "$file")" || true; done';
    await relay.run(["sh", "-c", end, "sh", stack.place("run")]);
    await relay.run(["sh", "-c", 'ip link delete "$1" || true', "sh", device]);
    await relay.run(["nft", "flush", "ruleset"]);
    for (const kind of ["etc", "run"] as const) rmSync(stack.place(kind), { recursive: true, force: true });
    const said = await stack.up("--refresh");
    expect(said).toContain(
        "relay: the log's mirror is gone with the relay; run `pulumi up --refresh`, which sets it up again",
    );
    expect(await keys()).toEqual(before);
    expect(await relay.run(["wg", "show", device, "public-key"])).toBe(publicKey);
    await stack.refresh("--expect-no-changes");
    await stack.destroy();
    expect(await relay.run(["nft", "list", "tables"])).toBe("");
});
