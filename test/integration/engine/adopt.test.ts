import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { fingerprint, generateKeyPair } from "../../../core/keys.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys, type Teammate } from "./fixtures.js";

jest.setTimeout(300_000);

const NODES = ["alice", "bob", "carol"] as const;
const team = withKeys(...NODES, ...Array.from({ length: 17 }, (_, index) => `peer${index}`));
const own = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const psk = randomBytes(32).toString("base64");
const addressOf = (index: number): string => `10.8.0.${index + 10}`;
const everyone = team.map(({ name }) => name);

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode, alice: LabNode, bob: LabNode, carol: LabNode;
let echo: Server[];
let device: string;

beforeAll(async () => {
    lab = await Lab.create("adopt");
    [relay, alice, bob, carol] = (["relay", ...NODES] as const).map((name) => lab.node(name)) as [
        LabNode,
        LabNode,
        LabNode,
        LabNode,
    ];
    device = lab.interface("relay");
    // The relay as somebody set it up by hand, years ago.
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await relay.wireGuard({
        interface: device,
        config: serverFile(),
        addresses: ["10.8.0.1/24"],
        routes: ["192.168.7.0/24"],
    });
    writeFileSync(`/etc/wireguard/${device}.conf`, `${serverFile()}SaveConfig = true\n`, { mode: 0o600 });
    for (const [index, node] of [alice, bob, carol].entries()) {
        await node.wireGuard({
            interface: lab.interface(node.name),
            config: clientFile(team[index]!),
            addresses: [`${addressOf(index)}/24`],
        });
        expect(await node.ping("10.8.0.1")).toBe(true);
    }
    echo = [await bob.udpEcho(7), await alice.udpEcho(7)];
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: device,
        privateKey: "file:relay.key",
        peers: team.map(({ name, publicKey }, index) => ({
            name,
            publicKey,
            address: addressOf(index),
            presharedKey: index % 2 === 0 ? { secret: psk } : "none",
            ...(name === "peer0" ? { routes: ["192.168.7.0/24"] } : {}),
        })),
        grants: everyone.map((to) => ({ from: everyone, to, ports: ["all"] })),
    });
});

afterAll(async () => {
    for (const server of echo ?? []) await server.stop();
    rmSync(`/etc/wireguard/${device}.conf`, { force: true });
    lab?.close();
    stack?.close();
});

it("refuses an interface with another key before anything is denied, and changes nothing", async () => {
    const other = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
    stack.file("relay.key", `${other.privateKey}\n`);
    const before = await wire();
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"]))).toStrictEqual([
        expect.stringContaining(`the interface ${device} has another private key (public key ${own.publicKey})`),
    ]);
    expect(await wire()).toStrictEqual(before);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    await stack.destroy();
    expect(await wire()).toStrictEqual(before);
});

it("adopts it: nobody loses a packet, no key, address or session changes", async () => {
    stack.file("relay.key", serverFile());
    expect(spoken(await stack.preview())).toStrictEqual(
        expect.arrayContaining([
            `relay: if ${device} is up and bears the key ${fingerprint(own.publicKey)}, it is adopted as it is: keys, addresses and sessions of 20 peers stay; whoever else is on it is cut off at once`,
            `relay: if ${device} is adopted, what it forwards today goes on until the grants are loaded; the relay's own ports are closed to its peers at once, but for ping and services`,
        ]),
    );
    const before = await wire();
    const probes = [await alice.probe("10.8.0.11", 7), await carol.probe("10.8.0.10", 7)];
    const said = spoken(await stack.up());
    for (const probe of probes) await probe.passes(500);
    for (const probe of probes) expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(await wire()).toStrictEqual(before);
    expect(said).toStrictEqual(
        expect.arrayContaining([
            `relay: ${device} was adopted: keys, addresses and sessions of 20 peers stayed`,
            `relay: /etc/wireguard/${device}.conf is still there, with SaveConfig = true: wg-quick would write over it and bring back who was removed; move it away`,
        ]),
    );
    expect(stack.log().filter(({ action }) => action === "relay_adopt")).toHaveLength(1);
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

async function wire(): Promise<unknown> {
    return {
        publicKey: await relay.run(["wg", "show", device, "public-key"]),
        link: (await relay.run(["ip", "-o", "link", "show", "dev", device])).split(" ").slice(0, 5),
        peers: [...(await livePeers(relay, device))],
        addresses: await relay.run(["bash", "-c", `ip -o address show dev ${device} | awk '{ print $4 }'`]),
    };
}

function serverFile(): string {
    const peers = team.map(
        ({ publicKey }, index) =>
            `[Peer]\nPublicKey = ${publicKey}\n${index % 2 === 0 ? `PresharedKey = ${psk}\n` : ""}AllowedIPs = ${addressOf(index)}/32${index === 3 ? ", 192.168.7.0/24" : ""}\n`,
    );
    return `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = 51820\n${peers.join("")}`;
}

function clientFile({ name, privateKey }: Teammate): string {
    const index = everyone.indexOf(name);
    return `[Interface]\nPrivateKey = ${privateKey}\n[Peer]\nPublicKey = ${own.publicKey}\n${index % 2 === 0 ? `PresharedKey = ${psk}\n` : ""}Endpoint = 198.51.100.2:51820\nAllowedIPs = 10.8.0.0/24\nPersistentKeepalive = 25\n`;
}
