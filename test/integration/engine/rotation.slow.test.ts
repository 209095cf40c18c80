import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { publicKeyOf } from "../../../core/keys/index.js";
import type { RelayStatus } from "../../../core/status/index.js";
import { Lab, type LabNode, type Probe, type Server, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { Movers } from "../../lab/moving.js";
import { Stack } from "../../lab/stack.js";
import { reasons, spoken } from "./fixtures.js";

jest.setTimeout(300_000);

const NAMES = ["alice", "bob", "carol"] as const;
const ECHO = 7;
/** A network behind Carol. */
const BEHIND = "192.168.77.0/24";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let movers: Movers;
let echoes: Server[];
let device: string;
let second: string;

beforeAll(async () => {
    lab = await Lab.create("rotation");
    relay = lab.node("relay");
    device = lab.interface("relay");
    second = `${device}b`;
    echoes = await Promise.all([lab.node("bob").udpEcho(ECHO), lab.node("carol").udpEcho(ECHO)]);
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        peers: NAMES.map((name) => ({ name, ...(name === "carol" ? { routes: [BEHIND] } : {}) })),
        services: [{ name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] }],
        grants: [
            { from: "alice", to: "bob", ports: [`udp/${ECHO}`] },
            { from: "alice", to: "carol", ports: [`udp/${ECHO}`] },
        ],
    });
    movers = new Movers(lab, stack);
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    for (const name of NAMES) await lab.node(name).wgQuickUp(configs[name]!, lab.interface(name));
});

afterAll(async () => {
    await Promise.all((echoes ?? []).map((echo) => echo.stop()));
    lab?.close();
    stack?.close();
});

/** Alice's datagrams to both, who only answer. */
async function probes(): Promise<{ [name in "bob" | "carol"]: Probe }> {
    const alice = lab.node("alice");
    return { bob: await alice.probe("10.8.0.3", ECHO), carol: await alice.probe("10.8.0.4", ECHO) };
}

async function lost(probed: Awaited<ReturnType<typeof probes>>): Promise<Record<string, number>> {
    const [bob, carol] = await Promise.all([probed.bob.stop(), probed.carol.stop()]);
    return { bob: bob.lost, carol: carol.lost };
}

it("begins beside the key in use, without an effect on any peer", async () => {
    const probed = await probes();
    stack.declare({ keyEpochs: [1, 2] });
    expect(spoken(await stack.preview())).toEqual(
        expect.arrayContaining([
            expect.stringMatching(
                new RegExp(
                    `^relay: key epoch 2 begins: a new key on ${second}, UDP port 51821, .* no peer is affected`,
                ),
            ),
        ]),
    );
    await stack.up();
    await probed.bob.passes(200);
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });
    expect(await stack.preview("--expect-no-changes")).toContain(
        "relay: key epochs 1 and 2 are open: 0 of 3 peers were using epoch 2 at the last check, not yet alice, bob and carol; nothing changes until keyEpochs does",
    );
    const backups = readdirSync(join(stack.place("etc"), "backup"));
    expect(backups).toHaveLength(1);
    const kept = join(stack.place("etc"), "backup", backups[0]!, "epoch-1.key");
    expect(statSync(kept).mode & 0o777).toBe(0o600);
});

it("moves a peer when it moves, without an outage for one that does it step by step", async () => {
    const old = await movers.relayKey("alice");
    const probed = await probes();
    await movers.staged("alice", old);
    // What is on its way to the old key at that moment is all that can be lost: nothing that is sent after it.
    const after = await probes();
    await after.bob.passes(500);
    expect(await lost(after)).toStrictEqual({ bob: 0, carol: 0 });
    for (const { outages } of await Promise.all([probed.bob.stop(), probed.carol.stop()])) {
        expect(outages.length).toBeLessThanOrEqual(1);
    }
});

it("refuses to end while a peer has not moved, and names it", async () => {
    stack.declare({ keyEpochs: [2] });
    const probed = await probes();
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(reasons(text).join("\n")).toContain(
        "key epoch 1 is still in use: bob, carol had no handshake with a newer key yet; hand out the new configuration and wait, or cut them off with `forceRetire: 1`",
    );
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });
});

it("learns the endpoint of a peer that only answers, and ends once all peers have moved, without a loss", async () => {
    const old = await movers.relayKey("bob");
    for (const name of ["bob", "carol"]) await movers.atOnce(name, old);
    const moved = join(stack.place("etc"), "moved");
    await relay.run([
        "timeout",
        "20",
        "bash",
        "-c",
        `until [ "$(grep -c "${second}$" ${moved})" = 3 ]; do sleep 0.1; done`,
    ]);
    // What is behind a peer follows it.
    const follows = `until ip route show ${BEHIND} | grep -q "dev ${second} "; do sleep 0.1; done`;
    await relay.run(["timeout", "20", "bash", "-c", follows]);
    const probed = await probes();
    await stack.up();
    await probed.bob.passes(200);
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });

    expect(await relay.exec(["ip", "link", "show", "dev", device])).toMatchObject({ code: 1 });
    expect(existsSync(join(stack.place("etc"), `key.${device}`))).toBe(false);
    expect((await relay.run(["ip", "rule", "show"])).match(/fwmark/g)).toBe(null);
    expect(await relay.run(["nft", "list", "tables"])).not.toContain("_epochs");
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
    const rotated = stack.log().filter(({ action, status }) => action === "key_rotate" && status === "success");
    expect(rotated.map(({ details }) => `${String(details["stage"])} ${String(details["epoch"])}`)).toStrictEqual([
        "add 2",
        "retire 1",
    ]);
    expect(new Set(rotated.flatMap(({ details }) => [details["old_public_key"], details["public_key"]])).size).toBe(2);
});

it("is called off at any time, without an effect on peers that stayed", async () => {
    stack.declare({ keyEpochs: [2, 3] });
    await stack.up();
    expect(readFileSync(join(stack.place("etc"), "interfaces"), "utf8")).toMatch(
        new RegExp(`^${second}\t51821\t2\t.*\n${device}\t51820\t3\t.*\n$`),
    );
    const probed = await probes();
    stack.declare({ keyEpochs: [2] });
    expect(spoken(await stack.preview())).toContainEqual(
        expect.stringContaining("key epoch 3 is cancelled: no peer was using it"),
    );
    await stack.up();
    await probed.bob.passes(200);
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });
    await stack.preview("--expect-no-changes");
});

it("calls peers again when the interface had to be made anew", async () => {
    const handshakes = async (): Promise<string> => relay.run(["wg", "show", second, "latest-handshakes"]);
    const before = await handshakes();
    const endpoints = join(stack.place("etc"), `endpoints.${second}`);
    await relay.run(["timeout", "60", "bash", "-c", `until [ "$(wc -l < ${endpoints})" = 3 ]; do sleep 0.2; done`]);
    const pid = readFileSync(join(stack.place("run"), `wireguard.${second}.pid`), "utf8").trim();
    await relay.run(["bash", "-c", `kill -KILL ${pid}; timeout 20 tail --pid=${pid} -f /dev/null`]);
    // Nobody sends: it is the relay who calls.
    const all = `until [ "$(wg show ${second} latest-handshakes 2>/dev/null | awk '$2 > 0' | wc -l)" = 3 ]; do sleep 0.1; done`;
    await relay.run(["timeout", "14", "bash", "-c", all]);
    expect(await handshakes()).not.toBe(before);
    expect(await lab.node("alice").udp("10.8.0.3", ECHO)).toBe("open");
    await stack.refresh("--expect-no-changes");
});

it("gives a peer's new key room beside the old one, until it is used", async () => {
    const files = async (): Promise<Record<string, string>> =>
        (await stack.outputs<{ configs: Record<string, string> }>()).configs;
    const alice = lab.node("alice");
    const peers = stack.declared.peers.map((one) => (one.name === "bob" ? { ...one, keyEpoch: 2 } : one));
    stack.declare({ peers });
    const said = spoken(await stack.preview());
    expect(said).toContain(
        "relay: bob gets a new key: the old configuration works until the new one is used, for 7 days at most",
    );
    const probed = await probes();
    await stack.up();
    await probed.bob.passes(200);
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });
    await stack.refresh();
    await stack.preview("--expect-no-changes");
    expect((await stack.state())["relay-wireguard"]!.outputs).toMatchObject({
        registry: { bob: { status: "active", replaces: expect.any(String) } },
    });
    const { stdout } = await qpTunnel(stack, ["status", "--json"]);
    const { relays, problems } = JSON.parse(stdout) as { relays: RelayStatus[]; problems: unknown[] };
    expect(problems).toStrictEqual([]);
    expect(relays[0]!.peers.map(({ name }) => name)).toStrictEqual([...NAMES]);
    expect(relays[0]!.notes.join()).toContain("bob has not used its new key yet");
    stack.file("state.json", (await stack.succeed(["stack", "export"])).stdout);
    const compared = ["audit", "reconcile", stack.logFile, "--state", join(stack.folder, "state.json"), "--live"];
    expect(await qpTunnel(stack, compared)).toMatchObject({ code: 0, stderr: "" });

    const bob = lab.node("bob");
    await bob.wgQuickDown(lab.interface("bob"));
    await bob.wgQuickUp((await files())["bob"]!, lab.interface("bob"));
    await relay.run([
        "timeout",
        "20",
        "bash",
        "-c",
        `while [ -s ${join(stack.place("etc"), "moving")} ]; do sleep 0.1; done`,
    ]);
    expect(await alice.udp("10.8.0.3", ECHO)).toBe("open");
    expect((await relay.run(["wg", "show", second, "peers"])).trim().split("\n")).toHaveLength(3);
    await stack.refresh();
    await stack.preview("--expect-no-changes");
    const { registry } = (await stack.state())["relay-wireguard"]!.outputs as { registry: Record<string, object> };
    expect(registry["bob"]).not.toHaveProperty("replaces");
});

it("cuts off at once with `keyOverlap: 0`, and the same update leaves what it may do as it was", async () => {
    const elements = async (): Promise<string> => readFileSync(join(stack.place("etc"), "elements"), "utf8");
    const before = await elements();
    expect(before).toContain("10.8.0.4 . udp");
    const peers = stack.declared.peers.map((one) => (one.name === "carol" ? { ...one, keyEpoch: 2 } : one));
    stack.declare({ peers, keyOverlap: 0 });
    expect(spoken(await stack.preview())).toContain(
        "relay: carol gets a new key: cut off until the new configuration is in use",
    );
    await stack.up();
    expect(await elements()).toBe(before);
    expect(await lab.node("alice").udp("10.8.0.4", ECHO)).toBe("timeout");
    const carol = lab.node("carol");
    await carol.wgQuickDown(lab.interface("carol"));
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await carol.wgQuickUp(configs["carol"]!, lab.interface("carol"));
    expect(await carol.ping("10.8.0.1")).toBe(true);
    expect(await lab.node("alice").udp("10.8.0.4", ECHO)).toBe("open");
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
});

it('keeps its key to itself with `identity: "host"`, and makes the next one there', async () => {
    const probed = await probes();
    stack.declare({ identity: "host" });
    expect(spoken(await stack.preview())).toContainEqual(
        expect.stringMatching(
            /^relay: the relay's key stays only on the relay from now on: it is removed from the state,/,
        ),
    );
    await stack.up();
    expect(await lost(probed)).toStrictEqual({ bob: 0, carol: 0 });
    expect(Object.keys(await stack.state()).filter((name) => name.startsWith("relay-key"))).toStrictEqual([]);

    stack.declare({ keyEpochs: [2, 3] });
    await stack.up();
    const { "relay-wireguard": tunnel } = await stack.state();
    const { publicKey } = tunnel!.outputs as { publicKey: string };
    expect((await relay.run(["wg", "show", device, "public-key"])).trim()).toBe(publicKey);
    const made = readFileSync(join(stack.place("etc"), "identity.3.key"), "utf8").trim();
    expect(publicKeyOf(made)).toBe(publicKey);
    expect(JSON.stringify(await stack.state())).not.toContain(made);
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    expect(configs["alice"]).toContain(`PublicKey = ${publicKey}\n`);
    await stack.preview("--expect-no-changes");

    stack.declare({ keyEpochs: [2] });
    await stack.up();
    expect(readdirSync(stack.place("etc")).filter((name) => name.startsWith("identity."))).toStrictEqual([
        "identity.2.key",
    ]);
    expect(await lab.node("alice").udp("10.8.0.4", ECHO)).toBe("open");
});
