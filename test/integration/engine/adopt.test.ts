import { randomBytes } from "node:crypto";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, generateKeyPair } from "../../../core/keys/index.js";
import { unpacked } from "../../../core/packed/index.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { run } from "../../unit/cli/run.js";
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
    writeFileSync(`/etc/wireguard/${device}.conf`, quickFile(), { mode: 0o600 });
    for (const [index, node] of [alice, bob, carol].entries()) {
        await node.wireGuard({
            interface: lab.interface(node.name),
            config: clientFile(team[index]!),
            addresses: [`${addressOf(index)}/24`],
        });
        expect(await node.ping("10.8.0.1")).toBe(true);
    }
    echo = [await bob.udpEcho(7), await alice.udpEcho(7)];
    stack = await Stack.create({ namespace: relay.namespace, interface: device, peers: [] });
    await writeProgram();
});

afterAll(async () => {
    for (const server of echo ?? []) await server.stop();
    rmSync(`/etc/wireguard/${device}.conf`, { force: true });
    lab?.close();
    stack?.close();
});

/** What `qp-tunnel import` makes of the file, in the project of the stack. */
async function writeProgram(): Promise<void> {
    const out = join(stack.folder, "import");
    const args = ["--out", out, "--host", `namespace:${relay.namespace}`, "--endpoint", "198.51.100.2"];
    const { code, stderr } = await run("import", `/etc/wireguard/${device}.conf`, ...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const name of ["peers.yaml", "tsconfig.json"]) cpSync(join(out, name), join(stack.folder, name));
    const program = readFileSync(join(out, "index.ts"), "utf8");
    expect(program).toContain(`file:/etc/wireguard/${device}.conf`);
    stack.file("index.ts", program.replace(`/etc/wireguard/${device}.conf`, "relay.key"));
    const { plugins } = JSON.parse(readFileSync(join(stack.folder, "Pulumi.yaml"), "utf8")) as { plugins: unknown };
    const runtime = { name: "nodejs", options: { typescript: true } };
    stack.file("Pulumi.yaml", { name: "lab", runtime, main: "index.ts", plugins });
    for (const name of ["yaml", "typescript", "ts-node", "@types"])
        symlinkSync(join(__dirname, "../../../node_modules", name), join(stack.folder, "node_modules", name));
    const presharedKeys = readFileSync(join(out, "preshared-keys.json"), "utf8");
    await stack.succeed(["config", "set", "--secret", "presharedKeys", presharedKeys]);
}

it("refuses an interface with another key before anything is denied, and changes nothing", async () => {
    const other = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
    stack.file("relay.key", `${other.privateKey}\n`);
    const before = await wire();
    expect(reasons(await stack.fail(["up", "--yes", "--skip-preview"]))).toStrictEqual([
        expect.stringContaining(`the interface ${device} has a different private key (public key ${own.publicKey})`),
    ]);
    expect(await wire()).toStrictEqual(before);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
    await stack.destroy();
    expect(await wire()).toStrictEqual(before);
});

it("adopts it: no peer loses a packet, no key, address or session changes", async () => {
    stack.file("relay.key", serverFile());
    // The first run has checked the program's types.
    stack.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true";
    const { steps, words } = await stack.plan();
    // Addresses are known before anything is done, and the key is the one that the sentences below name.
    const planned = steps["relay-registry"] as { newState?: { inputs?: Record<string, unknown> } };
    expect(unpacked("Registry", planned.newState?.inputs ?? {})["peers"]).toMatchObject(
        Object.fromEntries(team.map(({ name, publicKey }, index) => [name, { publicKey, address: addressOf(index) }])),
    );
    const named = team
        .map(({ name }, index) => `${name} (${addressOf(index)})`)
        .sort()
        .join(", ")
        .replace(/, (?=[^,]*$)/, " and ");
    expect([...words["relay-wireguard"]!, ...words["relay-firewall"]!]).toStrictEqual(
        expect.arrayContaining([
            `relay: if ${device} is up and has the key ${fingerprint(own.publicKey)}, it is adopted as it is: keys, addresses and sessions of ${named} stay`,
            expect.stringMatching(
                `^relay: before the update adopts ${device}, it compares it with this program: if it has other peers`,
            ),
            `relay: if ${device} is adopted, it keeps forwarding as today until the grants are loaded; the relay's own ports are closed to its peers at once, except for ping and services`,
            expect.stringMatching(
                /a port that was forwarded to a peer is closed\. For peers, use a service \(ExposedService\)/,
            ),
        ]),
    );
    const [before, sessionsBefore] = [await wire(), await sessions()];
    const probes = [await alice.probe("10.8.0.11", 7), await carol.probe("10.8.0.10", 7)];
    const said = spoken(await stack.up());
    for (const probe of probes) await probe.passes(500);
    for (const probe of probes) expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(await wire()).toStrictEqual(before);
    for (const [key, { received, handshake }] of await sessions()) {
        const old = sessionsBefore.get(key)!;
        // A peer that is made anew begins to count at nothing, and without a handshake.
        expect(received).toBeGreaterThanOrEqual(old.received);
        // WireGuard itself makes a new handshake after 120 s.
        if (handshake !== old.handshake) expect(handshake - old.handshake).toBeGreaterThanOrEqual(115);
    }
    expect(said).toStrictEqual(
        expect.arrayContaining([
            `relay: ${device} was adopted: keys, addresses and sessions of 20 peers stayed`,
            `relay: /etc/wireguard/${device}.conf still exists, with SaveConfig = true: wg-quick would overwrite it and restore removed peers; move it away`,
        ]),
    );
    expect(stack.log().filter(({ action }) => action === "relay_adopt")).toHaveLength(1);
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

async function sessions(): Promise<Map<string, { received: number; handshake: number }>> {
    const lines = (await relay.run(["wg", "show", device, "dump"])).trim().split("\n").slice(1);
    const rows = lines.map((line) => line.split("\t"));
    return new Map(
        rows.map(([key = "", , , , handshake, received]) => [
            key,
            { handshake: Number(handshake), received: Number(received) },
        ]),
    );
}

async function wire(): Promise<unknown> {
    return {
        publicKey: await relay.run(["wg", "show", device, "public-key"]),
        link: (await relay.run(["ip", "-o", "link", "show", "dev", device])).split(" ").slice(0, 5),
        peers: [...(await livePeers(relay, device))].map(([ips, { publicKey, presharedKey, keepalive }]) => [
            ips,
            publicKey,
            presharedKey,
            keepalive,
        ]),
        addresses: await relay.run(["bash", "-c", `ip -o address show dev ${device} | awk '{ print $4 }'`]),
    };
}

/** For wg-quick, as installers write it. */
function quickFile(): string {
    const named = serverFile().replaceAll(/\[Peer\]\nPublicKey = (.*)/g, (block, key: string) => {
        const { name } = team.find(({ publicKey }) => publicKey === key)!;
        return `\n### Client ${name}\n${block}`;
    });
    return named.replace("ListenPort", "Address = 10.8.0.1/24\nSaveConfig = true\nPostUp = true\nListenPort");
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

it("starts a wireguard-go of its own, with all peers, when the one that another program started is gone", async () => {
    if (lab.carrier === "kernel") return;
    expect(await daemons()).toHaveLength(1);
    const [pid] = await daemons();
    process.kill(Number(pid));
    for (const node of [alice, bob, carol]) expect(await answers(node)).toBe(true);
    const [ours, ...others] = await daemons();
    expect({ others, same: ours === pid }).toStrictEqual({ others: [], same: false });
    await stack.refresh("--expect-no-changes");
});

it("removes what it took over", async () => {
    await stack.destroy();
    expect(await relay.run(["ip", "-o", "link"])).not.toContain(device);
    expect(await daemons()).toStrictEqual([]);
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
});

/** A peer that was receiving notices after 15 s at the latest that its session is gone. */
async function answers(node: LabNode): Promise<boolean> {
    for (let attempt = 0; attempt < 30; attempt++) if (await node.ping("10.8.0.1")) return true;
    return false;
}

/** Process ids of wireguard-go for the relay's interface. */
async function daemons(): Promise<string[]> {
    const { stdout } = await relay.exec(["bash", "-c", `pgrep -f '^wireguard-go (-f )?${device}$' || true`]);
    return stdout.split("\n").filter((line) => line !== "");
}
