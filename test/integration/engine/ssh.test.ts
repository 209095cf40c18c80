import { existsSync } from "node:fs";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { qpTunnel } from "../../lab/command.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "carol");
const plain = team.map(({ name, publicKey }) => ({ name, publicKey }));
const privateKeyOf = (name: string): string => team.find((mate) => mate.name === name)!.privateKey;
/** Where the operator's second connection comes from, which the relay has not seen when the change is planned. */
const SECOND_ADDRESS = "198.51.100.67";

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let operator: LabNode;
let sshd: Sshd;
let device: string;

beforeAll(async () => {
    lab = await Lab.create("ssh");
    relay = lab.node("relay");
    operator = lab.node("outside");
    device = lab.interface("relay");
    sshd = await startSshd(relay, lab.folder);
    stack = await Stack.create({ interface: device, peers: plain, ssh: access(), confirmTimeout: 10 });
    // The engine and all it starts live where the operator is.
    stack.interpose(
        "pulumi",
        `PATH="\${PATH#*:}"; export PATH; exec nsenter --net=/run/netns/${operator.namespace} -- pulumi "$@"`,
    );
    await stack.up();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

function access(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return { address: relay.place.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile, ...changes };
}

it("makes the relay, changes nothing the second time, and finds it healthy", async () => {
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
    const { "relay-host": host } = await stack.state();
    expect(host?.outputs.hostKey).toBe(sshd.hostKey);
    expect(host?.outputs.keyExchange).toMatch(/^(sntrup761|mlkem768)x25519/);
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

    stack.declare({ peers: [...plain, { name: "dora", publicKey: withKeys("dora")[0]!.publicKey }] });
    await stack.up();
    stack.declare({ peers: plain, services: [] });
    await stack.up();
    await probe.passes(500);
    const { sent, lost } = await probe.stop();
    expect({ lost, enough: sent > 2000 }).toEqual({ lost: 0, enough: true });
    await upstream.stop();
});

it.each([
    [
        "another host key",
        () => ({ hostKey: sshd.otherHostKey }),
        /the machine shows the host key SHA256:\S+, pinned is SHA256:\S+; find out why/,
    ],
    [
        "a closed port",
        () => ({ port: 2222 }),
        /it cannot be reached \(.*Connection refused\); check address, port and firewall/,
    ],
    [
        "a key nobody knows",
        () => ({ identityFile: sshd.identityFile.replace(/login$/, "other") }),
        /lets root in with none of the keys offered/,
    ],
])("refuses %s, records it, and leaves the relay as it was", async (_what, changes, message) => {
    const before = await relay.run(["wg", "show", device, "dump"]);
    stack.declare({ ssh: access(changes()), grants: [{ from: "carol", to: "bob", ports: ["tcp/22"] }] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    stack.declare({ ssh: access(), grants: [] });
    expect(text).toMatch(message);
    expect(
        stack
            .log()
            .filter(({ status }) => status === "failure")
            .at(-1)?.message,
    ).toMatch(message);
    expect(withoutCounters(await relay.run(["wg", "show", device, "dump"]))).toEqual(withoutCounters(before));
    await stack.up();
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

it("heals itself when a change cuts the operator off, and lets nobody back in who was revoked with it", async () => {
    // Every other connection comes from an address that the relay has not seen while the change was planned.
    await operator.run(["ip", "address", "add", `${SECOND_ADDRESS}/24`, "dev", "wan"]);
    const sources = `{ 0 : ${operator.place.wan}, 1 : ${SECOND_ADDRESS} }`;
    const nat = [
        "table ip alternate {",
        "chain post {",
        "type nat hook postrouting priority srcnat",
        `ip daddr ${relay.place.wan} tcp dport 22 snat to numgen inc mod 2 map ${sources}`,
        "}",
        "}",
        "",
    ].join("\n");
    await operator.run(["sh", "-c", 'printf "%s" "$1" | nft -f -', "nft", nat]);
    stack.declare({ peers: [{ ...plain[0]!, routes: [`${SECOND_ADDRESS}/32`] }, plain[1]!] });
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(text).toMatch(/could not be confirmed over a new connection|was not confirmed in time and was rolled back/);
    await operator.run(["nft", "delete", "table", "ip", "alternate"]);

    await eventually(() => existsSync(`/etc/qp-tunnel-${device}/rolled-back`));
    const peers = await livePeers(relay, device);
    expect([...peers.keys()]).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    expect(await relay.run(["ip", "route", "get", SECOND_ADDRESS])).not.toContain(device);

    stack.declare({ peers: plain.slice(0, 2) });
    await stack.up("--refresh");
    expect(stack.log().map(({ action }) => action)).toContain("rollback");
    expect([...(await livePeers(relay, device)).keys()]).toEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    await stack.refresh("--expect-no-changes");
});

it("leaves nothing on the machine", async () => {
    await stack.destroy();
    for (const folder of [stack.place("etc"), stack.place("run"), `/usr/local/lib/qp-tunnel-${device}`]) {
        expect(existsSync(folder)).toBe(false);
    }
    expect(await relay.run(["nft", "list", "tables"])).toBe("");
});

/** Who is on the interface and how, in a stable order, without what changes by itself. */
function withoutCounters(dump: string): string[] {
    const counters = [2, 4, 5, 6];
    return dump
        .split("\n")
        .map((line) =>
            line
                .split("\t")
                .filter((_field, index) => !counters.includes(index))
                .join("\t"),
        )
        .sort();
}

/** Until it is so: the rollback's own clock decides when. */
async function eventually(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 100));
}
