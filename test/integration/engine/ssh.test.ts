import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;
let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let operator: LabNode;
let sshd: Sshd;
let device: string;
/** What the server says. */
let log: string;

beforeAll(async () => {
    lab = await Lab.create("ssh");
    relay = lab.node("relay");
    operator = lab.node("outside");
    device = lab.interface("relay");
    log = join(lab.folder, "sshd.log");
    sshd = await startSshd(relay, lab.folder, { settings: ["LogLevel VERBOSE"], log });
    stack = await Stack.create({ interface: device, peers: plain, ssh: access(), confirmTimeout: 10 });
    stack.liveIn(operator);
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function access(): Record<string, unknown> {
    return { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
}

it("makes the relay, changes nothing the second time, and finds it healthy", async () => {
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
    const { "relay-host": host } = await stack.state();
    expect(host?.outputs.hostKey).toBe(sshd.hostKey);
    expect(host?.outputs.keyExchange).toMatch(/^(sntrup761|mlkem768)x25519/);
});

/** What the server was asked for by an action. */
async function usedBy(act: () => Promise<unknown>): Promise<{ connections: number; sessions: number }> {
    const before = readFileSync(log, "utf8").length;
    await act();
    const said = readFileSync(log, "utf8").slice(before);
    const count = (pattern: RegExp): number => said.match(pattern)?.length ?? 0;
    return { connections: count(/^Connection from /gm), sessions: count(/^Starting session: /gm) };
}

it("an update opens one connection with one session, another one to confirm what could cut it off, and none to change nothing", async () => {
    expect(await usedBy(() => stack.up())).toEqual({ connections: 0, sessions: 0 });
    expect(await usedBy(() => stack.preview())).toEqual({ connections: 0, sessions: 0 });
    stack.declare({ peers: [...plain, { name: "erin", publicKey: withKeys("erin")[0]!.publicKey }] });
    expect(await usedBy(() => stack.up())).toEqual({ connections: 1, sessions: 1 });
    stack.declare({ peers: plain });
    expect(await usedBy(() => stack.up())).toEqual({ connections: 1, sessions: 1 });
    stack.declare({ mtu: 1400 });
    expect(await usedBy(() => stack.up())).toEqual({ connections: 2, sessions: 2 });
    expect(await usedBy(() => stack.refresh())).toEqual({ connections: 1, sessions: 1 });
});

it("serves over post-quantum TLS with the Caddy it pushed, and loses no packet of others in any step", async () => {
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    const alice = lab.node("alice");
    const bob = lab.node("bob");
    await alice.wgQuickUp(configs.alice!, lab.interface("alice"), privateKeyOf("alice"));
    await bob.wgQuickUp(configs.bob!, lab.interface("bob"), privateKeyOf("bob"));
    stack.declare({ grants: [{ from: "alice", to: "bob", ports: ["udp/7"] }] });
    await stack.up();
    await bob.udpEcho(7);
    const probe = await alice.probe("10.8.0.3", 7);

    const upstream = await relay.httpServer(3000, "hello", { address: "127.0.0.1" });
    stack.declare({ services: [{ name: "notes", upstream: "127.0.0.1:3000", allow: ["alice"] }] });
    await stack.up();
    const { caCertificate } = await stack.outputs<{ caCertificate: string }>();
    const answer = await alice.https({
        address: "10.8.0.1",
        port: 8443,
        ca: caCertificate,
        servername: "notes.qp-tunnel.internal",
    });
    expect(answer).toMatchObject({ status: 200, group: "X25519MLKEM768", cipher: "TLS_AES_256_GCM_SHA384" });

    const { grants = [] } = stack.declared;
    stack.declare({
        peers: [...plain, { name: "dora", publicKey: withKeys("dora")[0]!.publicKey }],
        grants: [...grants, { from: "bob", to: "dora", ports: ["tcp/22"] }],
    });
    await stack.up();
    stack.declare({ peers: plain, services: [], grants });
    await stack.up();
    expect(await alice.tcp("10.8.0.1", 8443)).toBe("timeout");
    await probe.passes(500);
    const { sent, lost } = await probe.stop();
    expect({ lost, enough: sent > 2000 }).toEqual({ lost: 0, enough: true });
    await upstream.stop();
});

it("takes a private key for an agent of its own and leaves it in no file", async () => {
    stack.declare({
        ssh: { address: relay.place.wan, hostKey: sshd.hostKey, privateKey: { secret: sshd.privateKey } },
    });
    stack.declare({ grants: [{ from: "carol", to: "bob", ports: ["tcp/22"] }] });
    await stack.up();
    const { stdout } = await stack.run(["stack", "export"]);
    const body = sshd.privateKey.split("\n")[2]!;
    expect(stdout).not.toContain(body);
    // The same key opens the way for a question, which ends by itself although an agent was started for it.
    const asked = await qpTunnel(stack, ["status", "--json"], { node: operator, env: stack.env });
    expect([asked.code, asked.stderr]).toEqual([0, ""]);
    expect(JSON.parse(asked.stdout).relays).toMatchObject([{ relay: "relay", reachable: true, drift: [] }]);
    stack.declare({ ssh: access(), grants: [] });
    await stack.up();
});

it("leaves nothing on the machine", async () => {
    await stack.destroy();
    for (const folder of [stack.place("etc"), stack.place("run"), `/usr/local/lib/qp-tunnel-${device}`]) {
        expect(existsSync(folder)).toBe(false);
    }
    expect(await relay.run(["nft", "list", "tables"])).toBe("");
});
