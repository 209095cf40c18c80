import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HttpsAnswer, Lab, type LabNode, type Server } from "../../lab/index.js";
import type { RelayStatus } from "../../../core/status/index.js";
import { startSshd, type Sshd } from "../../lab/sshd.js";
import { type Declared, Stack } from "../../lab/stack.js";

jest.setTimeout(300_000);

/** Two sites, each with a machine in between; alice is nobody's to manage. */
const SITES = {
    relay: { wan: "198.51.100.2" },
    alice: { wan: "198.51.100.11" },
    north: { wan: "198.51.100.21", lan: "192.168.50.1" },
    south: { wan: "198.51.100.22", lan: "192.168.60.1" },
    printer: { lan: "192.168.50.10" },
    archive: { lan: "192.168.60.10" },
    stranger: { wan: "198.51.100.66" },
};
const [NORTH, SOUTH] = ["10.8.0.3", "10.8.0.4"];
const [NORTH6, SOUTH6] = ["fd12:3456:789a::3", "fd12:3456:789a::4"];
const [PRINTERS, ARCHIVES] = ["192.168.50.0/24", "192.168.60.0/24"];
const ANSWER = "nobody in between reads this answer";
const PATH = "/nobody-in-between-reads-this-request";

let lab: Lab<keyof typeof SITES>;
let stack: Stack;
let sshd: Sshd;
let relay: LabNode, alice: LabNode, north: LabNode, south: LabNode, printer: LabNode, archive: LabNode;
const servers: Server[] = [];

beforeAll(async () => {
    lab = await Lab.create("managed", SITES);
    [relay, alice, north, south] = [lab.node("relay"), lab.node("alice"), lab.node("north"), lab.node("south")];
    [printer, archive] = [lab.node("printer"), lab.node("archive")];
    servers.push(
        await south.httpServer(80, ANSWER),
        await south.httpServer(81, "not for everybody"),
        await archive.httpServer(80, "the archive"),
        await archive.httpServer(81, "not for everybody"),
    );
    // Their gateway to the other site, and to nothing else of it.
    await printer.routeTo(ARCHIVES, "192.168.50.1");
    await printer.routeTo("10.8.0.0/24", "192.168.50.1");
    await archive.routeTo(PRINTERS, "192.168.60.1");
    sshd = await startSshd(north, lab.folder);
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [{ name: "alice" }, overSsh(), here()],
        subnet6: "fd12:3456:789a::/64",
        confirmTimeout: 10,
        services: [service()],
        grants: [
            { from: "north", to: "south", ports: ["tcp/80"] },
            { from: { peer: "north", network: PRINTERS }, to: { peer: "south", network: ARCHIVES }, ports: ["tcp/80"] },
            { from: { peer: "north", network: PRINTERS }, to: "south", ports: ["tcp/80"] },
            { from: "alice", to: "north", ports: ["icmp"] },
            { from: "alice", to: { peer: "south", network: ARCHIVES }, ports: ["tcp/80"] },
        ],
    });
    stack.liveIn(lab.node("stranger"));
});

afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    lab?.close();
    stack?.close();
});

function overSsh(): Declared["peers"][number] {
    const ssh = { address: SITES.north.wan, hostKey: sshd.hostKey, identityFile: sshd.identityFile };
    return { name: "north", host: { ssh }, interface: lab.interface("north"), routes: [PRINTERS] };
}

function here(more: Record<string, unknown> = {}): Declared["peers"][number] {
    const { namespace } = south;
    return { name: "south", host: { namespace }, interface: lab.interface("south"), routes: [ARCHIVES], ...more };
}

function service(on?: string): NonNullable<Declared["services"]>[number] {
    const upstream = { peer: "south", port: 80 };
    return { name: "books", upstream, allow: ["alice"], ...(on === undefined ? {} : { on }) };
}

it("comes up with the relay, reaches what it is granted and lets in nothing else", async () => {
    expect(await stack.preview()).toContain(`relay/north: ${lab.interface("north")} connects to the relay`);
    await stack.up();
    expect(await north.tcp(SOUTH, 80)).toBe("open");
    expect(await north.tcp(SOUTH, 81)).toBe("timeout");
    expect(await south.tcp(NORTH, 80)).toBe("timeout");
    const { configs } = await stack.outputs<{ configs: Record<string, string> }>();
    await alice.wgQuickUp(configs["alice"]!, lab.interface("alice"));
    for (const [address, answers] of [
        [NORTH, true],
        [SOUTH, false],
        [NORTH6, true],
        [SOUTH6, false],
    ] as const)
        expect([address, await alice.ping(address)]).toStrictEqual([address, answers]);
    await stack.preview("--expect-no-changes");
});

it("keeps a connection of its own that a range of ports allows when other rights change", async () => {
    const { grants = [] } = stack.declared;
    const range = { from: "north", to: "south", ports: ["tcp/9000-9001"] };
    stack.declare({ grants: [...grants, range] });
    await stack.up();
    const server = await south.holdTcp("listen", SOUTH, 9000);
    const client = await north.holdTcp("connect", SOUTH, 9000);
    await server.next((message) => message["open"] === true);
    stack.declare({ grants: [...grants, range, { from: "alice", to: "south", ports: ["tcp/81"] }] });
    await stack.up();
    client.tell("still here");
    await server.next((message) => "received" in message || "closed" in message);
    expect(server.messages).toContainEqual({ received: "still here" });
    stack.declare({ grants });
    await stack.up();
    client.tell("and now");
    expect(await client.next((message) => "closed" in message)).toEqual({ closed: "ECONNRESET" });
    await Promise.all([server.stop(), client.stop()]);
});

it("leads from a host behind one to a host behind the other, by grants, under their own addresses", async () => {
    expect(await printer.run(["curl", "-sS", "--max-time", "10", "http://192.168.60.10/"])).toBe("the archive");
    expect(await servers[2]!.program.next(({ from }) => from !== undefined)).toMatchObject({ from: "192.168.50.10" });
    expect(await printer.tcp("192.168.60.10", 81)).toBe("timeout");
    expect(await printer.tcp(SOUTH, 80)).toBe("open");
    expect(await printer.tcp(SOUTH, 81)).toBe("timeout");
    expect(await archive.tcp("192.168.50.10", 80)).toBe("timeout");
    // Who has a grant herself is known to the hosts there by the machine in between.
    expect(await alice.tcp("192.168.60.10", 80)).toBe("open");
    expect(await alice.tcp("192.168.60.10", 81)).toBe("timeout");
});

it("sends nothing into the tunnel for a host that forges an address of the site", async () => {
    const stranger = lab.node("stranger");
    await stranger.forge("192.168.50.10");
    await stranger.routeTo(ARCHIVES, SITES.north.wan);
    await stranger.routeTo("10.8.0.0/24", SITES.north.wan);
    // As if it were a router for everybody: then nothing but the firewall is in the way.
    await north.run(["sysctl", "-qw", "net.ipv4.conf.wan.forwarding=1"]);
    const watched = "ip saddr { 192.168.50.10, 198.51.100.66 } counter";
    const hook = "type filter hook prerouting priority -400;";
    await relay.run([
        "nft",
        `add table ip watch; add chain ip watch heard { ${hook} }; add rule ip watch heard ${watched}`,
    ]);
    expect(await printer.tcp(SOUTH, 80)).toBe("open");
    const heard = async (): Promise<string> => relay.run(["nft", "list", "chain", "ip", "watch", "heard"]);
    const before = await heard();
    expect(before).toMatch(/packets [1-9]/);
    for (const address of ["192.168.60.10", SOUTH]) {
        expect(await stranger.tcp(address, 80, { from: "192.168.50.10", timeout: 500 })).toBe("timeout");
        expect(await stranger.tcp(address, 80, { timeout: 500 })).toBe("timeout");
    }
    expect(await heard()).toBe(before);
    await relay.run(["nft", "delete table ip watch"]);
});

it("ends TLS on its own machine: the relay that read everything before reads nothing any more", async () => {
    const onRelay = await overheard("10.8.0.1");
    expect(onRelay).toMatchObject({ body: ANSWER, request: true, answer: true });

    // Over SSH, a change of the interface has to be confirmed.
    stack.declare({ services: [service("south")], mtu: 1400 });
    await stack.up();
    expect(await north.run(["cat", `/sys/class/net/${lab.interface("north")}/mtu`])).toBe("1400\n");
    const onSouth = await overheard(SOUTH);
    expect(onSouth).toMatchObject({ body: ANSWER, group: "X25519MLKEM768", request: false, answer: false });
    expect(await north.tcp(SOUTH, 8443)).toBe("timeout");
    const { serviceRegistry } = await stack.outputs<{ serviceRegistry: Record<string, unknown> }>();
    expect(serviceRegistry).toMatchObject({
        books: { addressUrl: `https://${SOUTH}:8443`, upstream: "127.0.0.1:80", group: "X25519MLKEM768" },
    });
    await stack.refresh("--expect-no-changes");
});

it("is asked how it is by qp-tunnel status, beside the relay", async () => {
    const state = join(stack.folder, "state.json");
    await stack.succeed(["stack", "export", "--file", state]);
    const command = [process.execPath, join(__dirname, "../../../dist/cli/main.js"), "status", "--json"];
    const { stdout } = await lab.node("stranger").exec([...command, "--probe", "--state", state]);
    const { problems, relays } = JSON.parse(stdout) as { problems: object[]; relays: RelayStatus[] };
    expect(problems).toStrictEqual([]);
    const told = relays.map(({ relay: name, peers, services, drift }) => ({
        name,
        peers: peers.filter(({ state }) => state === "connected").map((peer) => peer.name),
        services: services.filter(({ running }) => running).map((each) => [each.name, each.group]),
        drift,
    }));
    expect(told).toStrictEqual([
        { name: "relay", peers: ["alice", "north", "south"], services: [], drift: [] },
        { name: "relay/north", peers: ["relay"], services: [], drift: [] },
        { name: "relay/south", peers: ["relay"], services: [["books", "X25519MLKEM768"]], drift: [] },
    ]);
});

it("moves to the relay's next key by itself, with the interface that it has", async () => {
    const index = async (): Promise<string> => north.run(["cat", `/sys/class/net/${lab.interface("north")}/ifindex`]);
    const before = await index();
    stack.declare({ keyEpochs: [1, 2] });
    await stack.up();
    expect(await index()).toBe(before);
    expect(await north.run(["wg", "show", lab.interface("north"), "endpoints"])).toMatch(/198\.51\.100\.2:51821\n$/);
    // Somebody who has to change by hand is on the old one.
    expect(await alice.ping(NORTH)).toBe(true);
    expect(await north.tcp(SOUTH, 80)).toBe("open");
    stack.declare({ keyEpochs: [2], forceRetire: 1, peers: [{ name: "alice" }, overSsh(), here({ keyEpoch: 2 })] });
    const said = await stack.up();
    expect(said).not.toContain("relay/north: follows");
    expect(said).toContain("relay/south: gets its new key; interrupted for one handshake");
    const moving = join(stack.place("etc"), "moving");
    await relay.run(["timeout", "30", "bash", "-c", 'while [ -s "$1" ]; do sleep 0.1; done', "moved", moving]);
    expect(await north.tcp(SOUTH, 80)).toBe("open");
    expect(await printer.tcp("192.168.60.10", 80)).toBe("open");
    await stack.preview("--expect-no-changes");
});

it("is not there any more when it leaves the program", async () => {
    stack.declare({ peers: [{ name: "alice" }, here({ keyEpoch: 2 })], grants: [] });
    await stack.up();
    await leftNothing(north);
    await stack.preview("--expect-no-changes");
    await stack.destroy();
    for (const node of [relay, south]) await leftNothing(node);
});

/** What alice gets from the service, and whether the packets on the relay, those in its tunnel included, hold the texts of it. */
async function overheard(address: string): Promise<HttpsAnswer & { request: boolean; answer: boolean }> {
    const { caCertificate: ca } = await stack.outputs<{ caCertificate: string }>();
    const file = join(lab.folder, "packets");
    const capture = await relay.capture(file);
    try {
        const answer = await alice.https({ address, port: 8443, path: PATH, ca });
        // What is sent after it in the clear shows that the capture has got that far.
        const mark = `after-${address}`;
        const seen = 'until grep -qaF -- "$1" "$2"; do printf %s "$1" >/dev/udp/198.51.100.2/9; sleep 0.05; done';
        await alice.run(["timeout", "30", "bash", "-c", seen, "mark", mark, file]);
        const packets = readFileSync(file, "latin1");
        return { ...answer, request: packets.includes(PATH), answer: packets.includes(ANSWER) };
    } finally {
        await capture.stop();
    }
}

async function leftNothing(node: LabNode): Promise<void> {
    expect(await node.run(["ip", "-o", "link"])).not.toContain(lab.interface(node.name));
    expect(await node.run(["nft", "list", "ruleset"])).toBe("");
    const left = ["/etc", "/run", "/run/wireguard"].flatMap((folder) =>
        readdirSync(folder).filter((name) => name.includes(lab.interface(node.name))),
    );
    expect(left).toStrictEqual([]);
}
