import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, generateKeyPair } from "../../../core/keys/index.js";
import { Lab, type LabNode, type Server, type TOPOLOGY } from "../../lab/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { Stack } from "../../lab/stack.js";
import { run } from "../../unit/cli/run.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

// A relay far away between two offices, with a port of its own published to one of them: wg-quick's file and nothing else. It
// is imported from a copy of that file and taken over over SSH, where each change has to be confirmed.

jest.setTimeout(300_000);

const team = withKeys("north", "south", "traveller");
const [north, south, traveller] = team as [(typeof team)[0], (typeof team)[0], (typeof team)[0]];
const own = generateKeyPair((length) => new Uint8Array(randomBytes(length)));
const psk = randomBytes(32).toString("base64");
/** A machine in the office behind each peer. */
const [NORTHERN, SOUTHERN] = ["192.168.70.10", "192.168.80.10"];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let sshd: Sshd;
let relay: LabNode, operator: LabNode;
let offices: Record<"north" | "south" | "traveller", LabNode>;
let device: string;
const servers: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("adoptssh");
    [relay, operator] = [lab.node("relay"), lab.node("outside")];
    offices = { north: lab.node("alice"), south: lab.node("bob"), traveller: lab.node("carol") };
    device = lab.interface("relay");
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await relay.wgQuickUp(serverFile(), device, own.privateKey);
    await connectOffices();
    servers.push(
        await offices.south.httpServer(3000, "the office", { address: SOUTHERN }),
        await offices.south.httpServer(3001, "published", { address: "10.8.0.3" }),
        await offices.traveller.httpServer(3000, "the traveller", { address: "10.8.0.4" }),
        await offices.south.udpEcho(7, SOUTHERN),
    );
    sshd = await startSshd(relay, lab.folder);
    stack = await Stack.create({ interface: device, peers: [] });
    stack.timeout = 200_000;
    stack.liveIn(operator);
    await importProgram();
});

afterAll(async () => {
    for (const server of servers) await server.stop();
    lab?.close();
    stack?.close();
});

/** As somebody wrote it: the keys come from hooks, a port of the machine leads to a peer, and nothing says the MTU. */
function serverFile(): string {
    const dnat = `nft "add table ip published; add chain ip published in { type nat hook prerouting priority -100; }; add rule ip published in iifname wan tcp dport 80 dnat to 10.8.0.3:3001"`;
    const back = `nft "add chain ip published out { type nat hook postrouting priority 100; }; add rule ip published out ct status dnat masquerade"`;
    return `[Interface]
Address = 10.8.0.1/24
ListenPort = 51820
PostUp = wg set %i private-key /etc/wireguard/%i.key
PostUp = ${dnat}
PostUp = ${back}
PostUp = ip link set dev %i mtu 1380

# north
[Peer]
PublicKey = ${north.publicKey}
PresharedKey = ${psk}
AllowedIPs = 10.8.0.2/32, 192.168.70.0/24

# south
[Peer]
PublicKey = ${south.publicKey}
AllowedIPs = 10.8.0.3/32, 192.168.80.0/24

# traveller
[Peer]
PublicKey = ${traveller.publicKey}
AllowedIPs = 10.8.0.4/32
`;
}

async function connectOffices(): Promise<void> {
    const place = {
        north: { address: "10.8.0.2", inside: NORTHERN, others: ["192.168.80.0/24"] },
        south: { address: "10.8.0.3", inside: SOUTHERN, others: ["192.168.70.0/24"] },
        traveller: { address: "10.8.0.4", inside: undefined, others: ["192.168.70.0/24", "192.168.80.0/24"] },
    };
    for (const { name, privateKey } of team) {
        const node = offices[name as "north"];
        const { address, inside, others } = place[name as "north"];
        const preshared = name === "north" ? `PresharedKey = ${psk}\n` : "";
        await node.wireGuard({
            interface: lab.interface(name),
            config: `[Interface]\nPrivateKey = ${privateKey}\n[Peer]\nPublicKey = ${own.publicKey}\n${preshared}Endpoint = 198.51.100.2:51820\nAllowedIPs = 10.8.0.0/24, 192.168.70.0/24, 192.168.80.0/24\nPersistentKeepalive = 25\n`,
            addresses: [`${address}/24`],
            mtu: 1380,
        });
        if (inside !== undefined) await node.run(["ip", "address", "add", `${inside}/32`, "dev", "lo"]);
        for (const network of others)
            await node.run(["ip", "route", "add", network, "dev", lab.interface(name), "src", inside ?? address]);
        expect(await node.ping("10.8.0.1")).toBe(true);
    }
}

/** What `qp-tunnel import` makes of a copy of the file, with what only the operator knows: the host's key and their own. */
async function importProgram(): Promise<void> {
    const out = join(stack.folder, "import");
    stack.file(`${device}.conf`, serverFile());
    const args = ["--out", out, "--host", "198.51.100.2", "--endpoint", "198.51.100.2", "--grants", "open"];
    const imported = await run("import", join(stack.folder, `${device}.conf`), ...args);
    expect(imported).toMatchObject({ code: 0 });
    for (const sentence of [
        "a Relay blocks connections from outside into the tunnel, even where the rule is kept",
        "MTU is not in the file, and wg-quick takes it from the route",
    ])
        expect(imported.stdout).toContain(sentence);
    expect(imported.stdout).not.toContain(psk);
    stack.file("relay.key", `${own.privateKey}\n`);
    stack.file("tsconfig.json", readFileSync(join(out, "tsconfig.json"), "utf8"));
    const { plugins } = JSON.parse(readFileSync(join(stack.folder, "Pulumi.yaml"), "utf8")) as { plugins: unknown };
    stack.file("Pulumi.yaml", { name: "lab", runtime: { name: "nodejs", options: { typescript: true } }, main: "index.ts", plugins }); // prettier-ignore
    for (const name of ["typescript", "ts-node", "@types"])
        symlinkSync(join(__dirname, "../../../node_modules", name), join(stack.folder, "node_modules", name));
    stack.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true";
    await stack.succeed(["config", "set", "hostKey", sshd.hostKey]);
    const presharedKeys = readFileSync(join(out, "preshared-keys.json"), "utf8");
    await stack.succeed(["config", "set", "--secret", "presharedKeys", presharedKeys]);
    stack.file("index.ts", readFileSync(join(out, "index.ts"), "utf8"));
    // Long enough for a busy machine to confirm, and no longer than has to be waited for where nobody can.
    edit(`file:/etc/wireguard/${device}.key`, "file:relay.key");
    edit("hosts.ssh({ ", `hosts.ssh({ identityFile: ${JSON.stringify(sshd.identityFile)}, `);
    edit("    peers,\n", "    peers,\n    confirmTimeout: 30,\n");
}

/** Changes the program, as its owner does in an editor. */
function edit(from: string, to: string): void {
    const file = join(stack.folder, "index.ts");
    const program = readFileSync(file, "utf8");
    expect(program).toContain(from);
    stack.file("index.ts", program.replace(from, to));
}

async function wire(): Promise<unknown> {
    return {
        publicKey: await relay.run(["wg", "show", device, "public-key"]),
        link: (await relay.run(["ip", "-o", "link", "show", "dev", device])).split(" ").slice(0, 5),
        peers: [...(await livePeers(relay, device))].map(([ips, { publicKey, presharedKey }]) => [ips, publicKey, presharedKey]), // prettier-ignore
        addresses: await relay.run(["sh", "-c", "ip -o address show dev \"$1\" | awk '{ print $4 }'", "sh", device]),
        routes: await relay.run(["ip", "route", "show", "dev", device]),
    };
}

/** What people use the relay for. */
async function reached(): Promise<Record<string, string>> {
    return {
        "office to office": await offices.north.tcp(SOUTHERN, 3000, { from: NORTHERN }),
        "office to traveller": await offices.north.tcp("10.8.0.4", 3000, { from: NORTHERN }),
        "traveller to office": await offices.traveller.tcp(SOUTHERN, 3000),
        "published port": await operator.tcp(relay.place.wan!, 80),
    };
}

const OPEN = { "office to office": "open", "office to traveller": "open", "traveller to office": "open" };

it("says in the preview that the interface is looked at by the update alone, and what ends in any case", async () => {
    expect(await reached()).toEqual({ ...OPEN, "published port": "open" });
    const { words } = await stack.plan();
    expect([...words["relay-wireguard"]!, ...words["relay-firewall"]!]).toEqual(
        expect.arrayContaining([
            expect.stringMatching(
                `^relay: this preview does not read ${device}: before the update adopts it, it compares it with this program: `,
            ),
            expect.stringMatching(
                /a port that was forwarded to a peer is closed\. For peers, use a service \(ExposedService\)/,
            ),
        ]),
    );
});

it("names in the update what would not stay, before anything is changed", async () => {
    const before = await wire();
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    expect(reasons(text).join("\n")).toContain(
        `${device} would change: ${device} has MTU 1380, and a Relay without \`mtu\` sets 1420`,
    );
    expect(await wire()).toEqual(before);
    expect(await reached()).toEqual({ ...OPEN, "published port": "open" });
});

it("leaves the interface to its former owner when its first change cannot be confirmed", async () => {
    edit("    peers,\n", "    peers,\n    mtu: 1380,\n");
    const before = await wire();
    const probe = await offices.north.probe(SOUTHERN, 7);
    // Whoever has a connection keeps it; nobody gets a new one from the moment on in which the table is loaded.
    const shut =
        "add table ip shut; add chain ip shut in { type filter hook input priority -300; }; add rule ip shut in tcp dport 22 ct state new reject with tcp reset";
    sshd.interpose("nft", `case "$*" in *table.chains) [ -e ${lab.folder}/shut ] || { touch ${lab.folder}/shut; nft '${shut}'; } ;; esac`); // prettier-ignore
    const text = await stack.fail(["up", "--yes", "--skip-preview"]);
    sshd.restore();
    expect(text).toContain("the change was made, but could not be confirmed over a new connection");
    const [etc, run] = [`/etc/qp-tunnel-${device}`, `/run/qp-tunnel-${device}`];
    await relay.run(["timeout", "100", "sh", "-c", `until [ -e ${etc}/rolled-back ] && ! [ -e ${run}/rollback.pid ]; do sleep 0.2; done`], { timeout: 110_000 }); // prettier-ignore
    expect(existsSync(join(etc, "pending"))).toBe(false);
    await relay.run(["nft", "delete", "table", "ip", "shut"]);
    expect(await wire()).toEqual(before);
    await probe.passes(200);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(await reached()).toEqual({ ...OPEN, "published port": "open" });
});

it("adopts it: no packet between the offices is lost, and the published port is closed", async () => {
    const before = await wire();
    const probe = await offices.north.probe(SOUTHERN, 7);
    const said = spoken(await stack.up());
    await probe.passes(500);
    expect(await probe.stop()).toMatchObject({ lost: 0, outages: [] });
    expect(await wire()).toEqual(before);
    expect(said).toContain(`relay: ${device} was adopted: keys, addresses and sessions of 3 peers stayed`);
    expect(await reached()).toEqual({ ...OPEN, "published port": "timeout" });
    expect(stack.log().filter(({ action }) => action === "relay_adopt")).toMatchObject([
        { details: { interface: device, public_key: own.publicKey, peers: 3 } },
    ]);
    await stack.preview("--expect-no-changes");
    await stack.refresh("--expect-no-changes");
});

it("takes a preshared key really away, and the relay's own key stays although the file never held it", async () => {
    edit('routes: ["192.168.70.0/24"], presharedKey: "config"', 'routes: ["192.168.70.0/24"], presharedKey: "none"');
    const planned = await stack.preview();
    expect(planned).toMatch(/relay: .*north.*preshared key/);
    await stack.up();
    const peers = await livePeers(relay, device);
    expect(peers.get("10.8.0.2/32,192.168.70.0/24")).toMatchObject({
        publicKey: north.publicKey,
        presharedKey: "(none)",
    });
    expect((await relay.run(["wg", "show", device, "public-key"])).trim()).toBe(own.publicKey);
    expect(await stack.refresh("--expect-no-changes")).not.toContain(fingerprint(own.privateKey));
    // Who has taken it out of its own file as well is connected again.
    await offices.north.run(["wg", "set", lab.interface("north"), "peer", own.publicKey, "preshared-key", "/dev/null"]);
    await offices.north.run(["timeout", "60", "sh", "-c", "until ping -n -c 1 -W 1 10.8.0.1; do :; done"], { timeout: 70_000 }); // prettier-ignore
    expect(await reached()).toEqual({ ...OPEN, "published port": "timeout" });
});
