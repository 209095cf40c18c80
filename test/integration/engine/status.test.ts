import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { fingerprint } from "../../../core/keys/index.js";
import type { Problem, RelayStatus } from "../../../core/status/index.js";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { Stack } from "../../lab/stack.js";
import { withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "mallory");
const key = (name: string): string => team.find((mate) => mate.name === name)!.publicKey;
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const rogue = withKeys("rogue")[0]!.publicKey;
const notes = { name: "notes", upstream: "127.0.0.1:3000", allow: ["alice"] };

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("status");
    relay = lab.node("relay");
    device = lab.interface("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        endpoint: `${relay.place.wan}:51820`,
        peers: [...plain, { name: "nas" }],
        services: [notes],
        // What a program asks must not break a preview in which there is no relay yet.
        askStatus: { probe: true },
    });
    await stack.preview();
    await stack.up();
    stack.declare({ peers: [...plain.slice(0, 2), { name: "nas" }] });
    await stack.up();
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    const alice = lab.node("alice");
    await alice.wgQuickUp(configs["alice"]!, lab.interface("alice"), privateKeyOf("alice"));
    expect(await alice.ping("10.8.0.1")).toBe(true);
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

async function status(...args: string[]): Promise<{ code: number | null; problems: Problem[]; relays: RelayStatus[] }> {
    const { code, stdout, stderr } = await qpTunnel(stack, ["status", "--json", ...args]);
    expect(stderr).toBe("");
    return { code, ...(JSON.parse(stdout) as { problems: Problem[]; relays: RelayStatus[] }) };
}

it("tells peers, services and the relay itself, without the stack's passphrase", async () => {
    const { code, problems, relays } = await status();
    expect({ code, problems }).toEqual({ code: 0, problems: [] });
    const [office] = relays as [RelayStatus];
    expect(office).toMatchObject({
        relay: "relay",
        reachable: true,
        drift: [],
        notes: [],
        interfaces: [{ name: device, epoch: 1, up: true, listenPort: 51820, peers: 3 }],
    });
    expect(Object.fromEntries(office.peers.map(({ name, state }) => [name, state]))).toEqual({
        alice: "connected",
        bob: "never",
        mallory: "revoked",
        nas: "never",
    });
    const [alice] = office.peers as [RelayStatus["peers"][number]];
    expect(alice).toMatchObject({ addresses: ["10.8.0.2"], publicKey: key("alice"), epoch: 1 });
    expect(alice.endpoint).toMatch(new RegExp(`^${lab.node("alice").place.wan}:\\d+$`));
    expect(alice.age).toBeLessThan(180);
    expect(Math.min(alice.received, alice.sent)).toBeGreaterThan(0);
    expect(office.services).toEqual([
        expect.objectContaining({
            name: "notes",
            url: "https://notes.qp-tunnel.internal:8443",
            running: true,
            group: "X25519MLKEM768",
            probed: false,
            certificate: expect.objectContaining({ daysLeft: expect.any(Number) }),
        }),
    ]);
    expect(office.services[0]!.certificate!.daysLeft).toBeGreaterThanOrEqual(363);
});

it("negotiates anew when it is asked to, and reads an exported state", async () => {
    const file = join(stack.folder, "state.json");
    await stack.succeed(["stack", "export", "--file", file]);
    const { code, relays } = await status("--probe", "--state", file, "--require", "alice");
    expect(code).toBe(0);
    expect(relays[0]!.services[0]).toMatchObject({
        group: "X25519MLKEM768",
        cipher: "TLS_AES_256_GCM_SHA384",
        probed: true,
    });
});

it("is told to a program as well, after everything of the relay is done and with nothing secret in it", async () => {
    const [asked] = (await status()).relays as [RelayStatus];
    const first = JSON.parse((await stack.succeed(["stack", "output", "--json"])).stdout).status as RelayStatus;
    // That was asked when nobody had connected yet.
    const states = first.peers.map(({ name, state }) => [name, state]);
    expect(states).toEqual([
        ["alice", "never"],
        ["bob", "never"],
        ["mallory", "revoked"],
        ["nas", "never"],
    ]);
    const service = { name: "notes", running: true, probed: true, group: "X25519MLKEM768" };
    expect(first).toMatchObject({ reachable: true, drift: [], services: [service], interfaces: asked.interfaces });
    await stack.up();
    const { status: now } = await stack.outputs<{ status: RelayStatus }>();
    expect(now.peers[0]).toMatchObject({ name: "alice", state: "connected", endpoint: asked.peers[0]!.endpoint });
    expect(now.peers[1]).toEqual(asked.peers[1]);
    stack.declare({ askStatus: undefined });
});

it("hands out the files that the program's outputs hold, into files that only their owner reads", async () => {
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    const env = { PULUMI_CONFIG_PASSPHRASE: stack.env["PULUMI_CONFIG_PASSPHRASE"]! };
    const alice = await qpTunnel(stack, ["config", "alice"], { env });
    expect([alice.code, alice.stdout]).toEqual([0, configs["alice"]]);
    expect(alice.stderr).toContain("note: the private key of alice is not in the state");
    const file = join(stack.folder, "nas.conf");
    const nas = await qpTunnel(stack, ["config", "nas", "-o", file, "--epoch", "1"], { env });
    expect(nas).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(configs["nas"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const closed = await qpTunnel(stack, ["config", "nas"]);
    expect([closed.code, closed.stdout]).toEqual([2, ""]);
    expect(closed.stderr).toContain("passphrase must be set with PULUMI_CONFIG_PASSPHRASE");
    const redirected = await qpTunnel(stack, ["config", "nas"], { env, redirect: join(stack.folder, "open.conf") });
    expect(redirected.code).toBe(2);
    expect(readFileSync(join(stack.folder, "open.conf"), "utf8")).toBe("");
});

it("lists present and former peers", async () => {
    const { code, stdout } = await qpTunnel(stack, ["list", "--json"]);
    expect(code).toBe(0);
    const [office] = (JSON.parse(stdout) as { relays: { peers: object[]; services: object[] }[] }).relays;
    expect(office!.peers).toMatchObject([
        { name: "alice", status: "active", addresses: ["10.8.0.2"], publicKey: key("alice") },
        { name: "bob", status: "active" },
        { name: "mallory", status: "revoked", revokedAt: expect.stringMatching(/^\d{4}-/) },
        { name: "nas", status: "active", addresses: ["10.8.0.5"] },
    ]);
    expect(office!.services).toMatchObject([{ name: "notes", url: "https://notes.qp-tunnel.internal:8443" }]);
});

it("takes no key off the relay", async () => {
    const dump = await relay.run(["wg", "show", device, "dump"]);
    const secrets = dump
        .split("\n")
        .flatMap((line, index) => (line === "" ? [] : [line.split("\t")[index === 0 ? 0 : 1]!]));
    expect(secrets).toHaveLength(4);
    const asked = { step: "status", name: `qp-tunnel-${device}`, etc: stack.place("etc"), run: stack.place("run") };
    const { stdout } = await askDirectly(asked);
    expect(stdout).toContain(`@dump.${device}\n (none)\t`);
    for (const secret of secrets) expect(stdout).not.toContain(secret);
    expect(stdout).not.toContain("PRIVATE KEY");
});

/** The relay's program, as it is run there, and all that it prints. */
async function askDirectly(values: Record<string, string>): Promise<{ stdout: string }> {
    const { relayProgram } = await import("../../../providers/hosts/program.js");
    const { tableName } = await import("../../../core/names.js");
    const names = { appName: "qp-tunnel", interface: device };
    const all = {
        ...values,
        owner: "lab/dev/relay",
        interface: device,
        namespace: relay.namespace,
        table: tableName(names),
    };
    const manifest = Object.entries(all).map(([name, value]) => ` ${name}\t${value}\n`);
    return relay.exec(["bash", "-s"], { input: `${relayProgram()}\n@manifest\n${manifest.join("")}` });
}

it("names peers that must be connected and are not", async () => {
    const { code, problems } = await status("--require", "alice,nas");
    expect({ code, problems }).toEqual({
        code: 1,
        problems: [{ relay: "relay", kind: "stale", name: "nas", message: "nas is not connected: no handshake yet" }],
    });
    const { code: usage, stderr } = await qpTunnel(stack, ["status", "--require", "mallory"]);
    expect({ usage, stderr }).toEqual({
        usage: 2,
        stderr: "error: --require: no relay has a peer mallory; see qp-tunnel list\n",
    });
});

it("names unknown peers, a revoked peer that is back, a missing one, and what differs from the state", async () => {
    await relay.run(["wg", "set", device, "peer", rogue, "allowed-ips", "10.8.0.99/32"]);
    await relay.run(["wg", "set", device, "peer", key("mallory"), "allowed-ips", "10.8.0.4/32"]);
    await relay.run(["wg", "set", device, "peer", key("bob"), "remove"]);
    const { code, problems, relays } = await status();
    expect(code).toBe(1);
    expect(problems).toEqual([
        expect.objectContaining({ kind: "rogue", name: "mallory" }),
        expect.objectContaining({ kind: "rogue", message: expect.stringContaining(fingerprint(rogue)) }),
        {
            relay: "relay",
            kind: "drift",
            message: "bob was removed from the interface by hand; `pulumi up --refresh` adds it back",
        },
    ]);
    expect(relays[0]!.peers.map(({ name, state }) => [name, state])).toEqual([
        ["alice", "connected"],
        ["bob", "missing"],
        ["mallory", "rogue"],
        ["nas", "never"],
        [undefined, "rogue"],
    ]);

    const { code: same, stdout } = await qpTunnel(stack, ["status"]);
    expect(same).toBe(1);
    expect(stdout).toMatch(/^ {2}alice +10\.8\.0\.2 +connected +\d+ s ago +\S+:\d+ +\d\S* \w+ +\d\S* \w+ +1$/m);
    expect(stdout).toContain("drift: 2 unknown peers on the interface; `pulumi up --refresh` removes them");
    const { stdout: metrics } = await qpTunnel(stack, ["status", "--prometheus"]);
    expect(metrics).toContain('qptunnel_relay_problems{relay="relay",kind="rogue"} 2\n');
    expect(metrics).toMatch(
        /^qptunnel_peer_received_bytes_total\{relay="relay",peer="alice",fingerprint="SHA256:\S+"\} \d+$/m,
    );
});

it("is ended with 2 by a relay that cannot be asked, and tells what the state knows", async () => {
    const there = relay.namespace;
    const file = join(stack.folder, "elsewhere.json");
    const { stdout } = await stack.succeed(["stack", "export"]);
    stack.file("elsewhere.json", stdout.replaceAll(`"namespace": "${there}"`, '"namespace": "nowhere"'));
    const { code, problems, relays } = await status("--state", file);
    expect(code).toBe(2);
    expect(problems).toEqual([
        expect.objectContaining({ kind: "unreachable", message: expect.stringContaining("no such network namespace") }),
    ]);
    expect(relays[0]!.peers.map(({ state }) => state)).toEqual(["unknown", "unknown", "revoked", "unknown"]);
});
