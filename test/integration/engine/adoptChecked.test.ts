import { randomBytes } from "node:crypto";
import { fingerprint, generateKeyPair } from "../../../core/keys/index.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { reboot } from "../../lab/reboot.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

// An interface that is not as its program says, on a machine that forwards nothing.

jest.setTimeout(300_000);

const team = withKeys("alice", "bob", "eve");
const [alice, bob, eve] = team as [(typeof team)[0], (typeof team)[0], (typeof team)[0]];
const own = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const psk = randomBytes(32).toString("base64");

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let device: string;
let echo: Server;

beforeAll(async () => {
    lab = await Lab.create("adoptchecked");
    relay = lab.node("relay");
    device = lab.interface("relay");
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"]);
    await relay.wireGuard({ interface: device, config: serverFile(), addresses: ["10.8.0.1/24"], routes: [] });
    // As a hook of wg-quick does, and a path that is not 1500 wide.
    const load = 'wg set "$1" peer "$2" preshared-key <(echo "$3"); ip link set dev "$1" mtu 1380';
    await relay.run(["bash", "-c", load, "hook", device, alice.publicKey, psk]);
    for (const [name, mate, address] of [
        ["alice", alice, "10.8.0.2"],
        ["bob", bob, "10.8.0.3"],
    ] as const) {
        const key = name === "alice" ? `PresharedKey = ${psk}\n` : "";
        const config = `[Interface]\nPrivateKey = ${mate.privateKey}\n[Peer]\nPublicKey = ${own.publicKey}\n${key}Endpoint = 198.51.100.2:51820\nAllowedIPs = 10.8.0.0/24\nPersistentKeepalive = 25\n`;
        await lab.node(name).wireGuard({ interface: lab.interface(name), config, addresses: [`${address}/24`] });
        expect(await lab.node(name).ping("10.8.0.1")).toBe(true);
    }
    echo = await lab.node("bob").udpEcho(7);
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        privateKey: { secret: own.privateKey },
        peers: [peer(alice, "10.8.0.2", "none"), peer(bob, "10.8.0.3", "none")],
        grants: [{ from: "alice", to: "bob", ports: ["all"] }],
    });
    stack.timeout = 240_000;
});

afterAll(async () => {
    await echo?.stop();
    lab?.close();
    stack?.close();
});

function peer({ name, publicKey }: { name: string; publicKey: string }, address: string, presharedKey: unknown) {
    return { name, publicKey, address, presharedKey };
}

function serverFile(): string {
    const peers = [alice, bob, eve].map(
        ({ publicKey }, index) => `[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = 10.8.0.${index + 2}/32\n`,
    );
    return `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = 51820\n${peers.join("")}`;
}

async function wire(): Promise<unknown> {
    return [await livePeers(relay, device), await relay.run(["ip", "-o", "link", "show", "dev", device])];
}

/** How many packets a peer got out of the tunnel. */
async function packetsOf(name: "alice" | "bob"): Promise<number> {
    return Number(await lab.node(name).run(["cat", `/sys/class/net/${lab.interface(name)}/statistics/rx_packets`]));
}

const accepted = (text: string): string => /adoptChanges: "([0-9a-f]{16})"/.exec(text)![1]!;

it("names what would not stay in the preview and refuses it in the update, before anything is changed", async () => {
    const before = await wire();
    const planned = reasons(await stack.fail(["preview"])).join("\n");
    for (const sentence of [
        "alice has a preshared key on DEVICE, but none in the program: alice is cut off at its next handshake",
        `the peer ${fingerprint(eve.publicKey)} (10.8.0.4/32) is on DEVICE but not in the program: it is cut off`,
        "DEVICE has MTU 1380, and a Relay without `mtu` sets 1420",
        "DEVICE does not forward IPv4 today, but the program's grants let peers reach each other through it",
        "nothing was changed; correct the program, or set adoptChanges: ",
    ])
        expect(planned).toContain(sentence.replace("DEVICE", device));
    const refused = reasons(await stack.fail(["up", "--yes", "--skip-preview"])).join("\n");
    expect(refused).toContain("alice has a preshared key");
    expect(accepted(refused)).toBe(accepted(planned));
    expect(refused + planned).not.toContain(psk);
    expect(await wire()).toStrictEqual(before);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    expect(await relay.run(["cat", `/proc/sys/net/ipv4/conf/${device}/forwarding`])).toBe("0\n");
});

it("forwards nothing for a relay that forwarded nothing, also when a later step fails, and after a boot", async () => {
    stack.declare({
        mtu: 1380,
        peers: [peer(alice, "10.8.0.2", { secret: psk }), peer(bob, "10.8.0.3", "none")],
        services: [{ name: "web", upstream: "127.0.0.1:3000", allow: ["alice"], port: 8443 }],
    });
    const hash = accepted(await stack.fail(["preview"]));
    stack.declare({ adoptChanges: hash });
    const squatter = await relay.holdTcp("listen", "10.8.0.1", 8443);
    const received = await packetsOf("bob");
    const sender = await lab.node("alice").sendUdp("10.8.0.3", 7);
    try {
        const said = await stack.fail(["up", "--yes", "--skip-preview"]);
        expect(reasons(said).join()).toContain("8443");
        expect(spoken(said)).toContainEqual(expect.stringContaining(`the peer ${fingerprint(eve.publicKey)}`));
        expect(await lab.node("alice").ping("10.8.0.1")).toBe(true);
    } finally {
        await sender.stop();
        await squatter.stop();
    }
    expect(await packetsOf("bob")).toBe(received);
    expect(stack.log().filter(({ action }) => action === "relay_adopt_changes")).toHaveLength(1);
    const place = `qp-tunnel-${device}.${relay.namespace}`;
    await reboot(relay, { etc: `/etc/${place}`, run: `/run/${place}`, interface: device });
    expect(await lab.node("alice").udp("10.8.0.3", 7)).toBe("timeout");
});

it("lets through what the program grants once all of it is applied, and keeps every peer that was to stay", async () => {
    await stack.up();
    const peers = await livePeers(relay, device);
    expect(peers.get("10.8.0.2/32")).toMatchObject({ publicKey: alice.publicKey, presharedKey: psk });
    expect([...peers.keys()]).toStrictEqual(["10.8.0.2/32", "10.8.0.3/32"]);
    let isThere = false;
    // Whoever was receiving notices after 15 s at the latest that the machine was started again.
    for (let attempt = 0; attempt < 20 && !isThere; attempt++)
        isThere = (await lab.node("alice").udp("10.8.0.3", 7)) === "open";
    expect(isThere).toBe(true);
    await stack.preview("--expect-no-changes");
});
