import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderClientConfig } from "../../core/client/config.js";
import { generateKeyPair } from "../../core/keys/index.js";
import { renderSkeleton } from "../../core/nftables/index.js";
import { fromAllowedIps } from "../../core/wireguard/index.js";
import { Lab, type LabNode, type Probe, type TOPOLOGY, ipv6Of, renderSetconf } from "../lab/index.js";
import { RelayFolder } from "../unit/providers/relay/shell.js";

// What becomes of connections through a relay's table: who may say something about them, and how they end.

jest.setTimeout(60_000);

const TABLE = "qp_tunnel_lab";
const PEERS = {
    alice: { address: "10.8.0.2", address6: "fd00:8::2", routes: [] },
    bob: { address: "10.8.0.3", address6: "fd00:8::3", routes: ["192.168.9.0/24"] },
    carol: { address: "10.8.0.4", address6: "fd00:8::4", routes: ["192.168.7.0/24"] },
};
const GRANTED = [
    "acl4 { 10.8.0.2 . 10.8.0.4 . udp . 5353, 10.8.0.2 . 10.8.0.4 . tcp . 8000, 10.8.0.2 . 10.8.0.4 . tcp . 8001 }",
    "acl4 { 10.8.0.1 . 10.8.0.4 . udp . 5353, 10.8.0.2 . 10.8.0.1 . tcp . 8443, 10.8.0.2 . 10.8.0.1 . udp . 5353 }",
    "acl6 { fd00:8::2 . fd00:8::4 . udp . 5353 }",
    "net4 { 10.8.0.2 . 192.168.7.0/24 . udp . 5353, 10.8.0.2 . 192.168.50.0/24 . udp . 5353 }",
];

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, alice: LabNode, bob: LabNode, carol: LabNode, outside: LabNode, lanhost: LabNode;

beforeAll(async () => {
    lab = await Lab.create("connections");
    [relay, alice, bob, carol, outside, lanhost] = (
        ["relay", "alice", "bob", "carol", "outside", "lanhost"] as const
    ).map((name) => lab.node(name)) as [LabNode, LabNode, LabNode, LabNode, LabNode, LabNode];
    await connect();
    for (const [node, address] of [
        [carol, "192.168.7.9"],
        [carol, "192.168.7.254"],
        [bob, "192.168.9.9"],
    ] as const)
        await node.run(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
    await outside.routeTo("192.168.50.0/24", "198.51.100.2");
    await load(table());
    for (const [node, address] of [
        [carol, "10.8.0.4"],
        [carol, "192.168.7.9"],
        [carol, "fd00:8::4"],
        [relay, "10.8.0.1"],
        [lanhost, "192.168.50.10"],
    ] as const)
        await node.udpEcho(5353, address);
});

afterAll(() => lab?.close());

interface Flow {
    from: LabNode;
    source: string;
    to: string;
    /** Where an error about what `to` answers arrives. */
    far: LabNode;
}

describe("an error about a connection", () => {
    let flows: Record<"peer" | "peer6" | "network" | "lan" | "upstream" | "service", Flow & { port: number }>;
    const probes: Probe[] = [];

    beforeAll(async () => {
        flows = {
            peer: await open({ from: alice, source: "10.8.0.2", to: "10.8.0.4", far: carol }),
            peer6: await open({ from: alice, source: "fd00:8::2", to: "fd00:8::4", far: carol }),
            network: await open({ from: alice, source: "10.8.0.2", to: "192.168.7.9", far: carol }),
            lan: await open({ from: alice, source: "10.8.0.2", to: "192.168.50.10", far: lanhost }),
            upstream: await open({ from: relay, source: "10.8.0.1", to: "10.8.0.4", far: carol }),
            service: await open({ from: alice, source: "10.8.0.2", to: "10.8.0.1", far: relay }),
        };
    });

    afterAll(() => Promise.all(probes.map((probe) => probe.stop())));

    test("counts when the other end sends it, or a router on the path", async () => {
        expect(await told("peer", carol, "10.8.0.4")).toBe(true);
        expect(await told("peer6", carol, "fd00:8::4")).toBe(true);
        expect(await told("network", carol, "192.168.7.9")).toBe(true);
        expect(await told("network", carol, "192.168.7.254")).toBe(true);
        expect(await told("network", carol, "10.8.0.4")).toBe(true);
        expect(await told("upstream", carol, "10.8.0.4")).toBe(true);
        expect(await told("lan", lanhost, "192.168.50.10")).toBe(true);
    });

    test("counts as well when it is about the answers", async () => {
        expect(await told("peer", alice, "10.8.0.2", "answers")).toBe(true);
        expect(await told("network", alice, "10.8.0.2", "answers")).toBe(true);
        expect(await told("service", alice, "10.8.0.2", "answers")).toBe(true);
    });

    test("never counts from a third peer, by its own address or that of a network behind it", async () => {
        expect(await told("peer", bob, "10.8.0.3")).toBe(false);
        expect(await told("peer", bob, "192.168.9.9")).toBe(false);
        expect(await told("peer6", bob, "fd00:8::3")).toBe(false);
        expect(await told("network", bob, "10.8.0.3")).toBe(false);
        expect(await told("upstream", bob, "10.8.0.3")).toBe(false);
        expect(await told("lan", bob, "10.8.0.3")).toBe(false);
        expect(await told("lan", carol, "10.8.0.4")).toBe(false);
        expect(await told("peer", bob, "10.8.0.3", "answers")).toBe(false);
        expect(await told("service", bob, "10.8.0.3", "answers")).toBe(false);
    });

    test("never counts from another side of the relay than the connection's", async () => {
        expect(await told("lan", outside, "198.51.100.66")).toBe(false);
        expect(await told("peer", outside, "198.51.100.66")).toBe(false);
        expect(await told("peer", lanhost, "192.168.50.10")).toBe(false);
    });

    test("finds the path's MTU, behind a peer as well", async () => {
        // A router with a narrower link behind it.
        await carol.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
        await carol.run(["ip", "link", "add", "narrow", "mtu", "1300", "type", "veth", "peer", "name", "narrower"]);
        for (const link of ["narrow", "narrower"]) await carol.run(["ip", "link", "set", link, "up"]);
        await carol.run(["ip", "route", "add", "192.168.7.64/26", "dev", "narrow"]);
        const send =
            "exec 3<>/dev/udp/192.168.7.70/5353; head -c 1380 /dev/zero >&3; sleep 0.3; head -c 1000 /dev/zero >&3 || true";
        await alice.exec(["bash", "-c", send]);
        expect(await alice.run(["ip", "route", "get", "192.168.7.70"])).toContain("mtu 1300");
    });

    async function open(flow: Flow): Promise<Flow & { port: number }> {
        probes.push(await flow.from.probe(flow.to, 5353, 10));
        const socket = await flow.from.run([
            "ss",
            "-H",
            "-un",
            "dst",
            flow.to.includes(":") ? `[${flow.to}]` : flow.to,
        ]);
        return { ...flow, port: Number(/:(\d+)\s+\S+:5353/.exec(socket)![1]) };
    }

    /** Whether an end of a connection believes a sender that its packets are too big. */
    async function told(
        name: keyof typeof flows,
        sender: LabNode,
        source: string,
        about: "requests" | "answers" = "requests",
    ): Promise<boolean> {
        const { from, source: own, to, far, port } = flows[name];
        const [node, other] = about === "requests" ? [from, to] : [far, own];
        const six = to.includes(":");
        const mtu = six ? 1290 : 900;
        const cache = ["ip", six ? "-6" : "-4", "route", "flush", "cache"];
        await node.run(cache);
        // As the sender sees the connection: the relay has its own address on the LAN.
        const seen = name === "lan" && (sender === lanhost || sender === outside) ? "192.168.50.1" : own;
        const packet = about === "requests" ? [seen, to, 17, port, 5353] : [to, seen, 17, 5353, port];
        await sender.raw("icmp-error", source, about === "requests" ? seen : to, mtu, ...packet);
        for (let turn = 0; turn < 8; turn++) {
            const route = await node.run(["ip", "route", "get", other]);
            if (route.includes(`mtu ${mtu}`)) {
                await node.run(cache);
                return true;
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return false;
    }
});

describe("a connection whose element goes", () => {
    test("between peers ends at each end that sends something", async () => {
        for (const [port, sender, receiver] of [
            [8000, "client", "server"],
            [8001, "server", "client"],
        ] as const) {
            const ends = {
                server: await carol.holdTcp("listen", "10.8.0.4", port),
                client: await alice.holdTcp("connect", "10.8.0.4", port),
            };
            await ends.server.next((message) => message["open"] === true);
            ends[sender].tell("before");
            await ends[receiver].next((message) => message["received"] === "before");
            await load(`delete element inet ${TABLE} acl4 { 10.8.0.2 . 10.8.0.4 . tcp . ${port} }`);
            for (const end of [ends[sender], ends[receiver]]) {
                end.tell("after");
                expect(await end.next((message) => "closed" in message)).toEqual({ closed: "ECONNRESET" });
                expect(end.messages).not.toContainEqual({ received: "after" });
            }
            await Promise.all([ends.server.stop(), ends.client.stop()]);
        }
    });

    test("with the relay itself ends there as well, as soon as it sends", async () => {
        const server = await relay.holdTcp("listen", "10.8.0.1", 8443);
        const client = await alice.holdTcp("connect", "10.8.0.1", 8443);
        await server.next((message) => message["open"] === true);
        await load(`delete element inet ${TABLE} acl4 { 10.8.0.2 . 10.8.0.1 . tcp . 8443 }`);
        for (const end of [server, client]) {
            end.tell("after");
            expect(await end.next((message) => "closed" in message)).toEqual({ closed: "ECONNRESET" });
        }
        expect([...server.messages, ...client.messages]).not.toContainEqual({ received: "after" });
        await Promise.all([server.stop(), client.stop()]);
    });
});

test("pings to the relay are answered, and make no entries in its table of connections", async () => {
    const entries = async (): Promise<number> =>
        Number(await relay.run(["cat", "/proc/sys/net/netfilter/nf_conntrack_count"]));
    const before = await entries();
    expect(Number(await bob.raw("ping-flood", "10.8.0.1", 2000))).toBeGreaterThan(100);
    expect((await entries()) - before).toBeLessThan(20);
    // Not to somebody else, either, without a grant.
    expect(Number(await bob.raw("ping-flood", "10.8.0.4", 500))).toBe(0);
    expect((await entries()) - before).toBeLessThan(20);
});

async function connect(): Promise<void> {
    const keys = generateKeyPair(randomBytes);
    const clients = { alice, bob, carol };
    const pairs = Object.fromEntries(Object.keys(clients).map((name) => [name, generateKeyPair(randomBytes)]));
    const peers = Object.entries(PEERS).map(([name, peer]) => ({
        name,
        publicKey: pairs[name]!.publicKey,
        presharedKey: "",
        allowedIps: fromAllowedIps(peer),
        keepalive: 0,
    }));
    await relay.wireGuard({
        interface: lab.interface("relay"),
        config: renderSetconf({ privateKey: keys.privateKey, listenPort: 51820, peers }),
        addresses: ["10.8.0.1/24", "fd00:8::1/64"],
        routes: ["192.168.7.0/24", "192.168.9.0/24"],
    });
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    for (const [name, node] of Object.entries(clients)) {
        const { address, address6 } = PEERS[name as keyof typeof PEERS];
        const networks = ["192.168.7.0/24", "192.168.9.0/24"].filter(
            (network) => !PEERS[name as keyof typeof PEERS].routes.some((own) => own === network),
        );
        const config = renderClientConfig({
            peerName: name,
            address,
            address6,
            privateKey: pairs[name]!.privateKey,
            relayPublicKey: keys.publicKey,
            endpoint: "198.51.100.2:51820",
            allowedIps: ["10.8.0.0/24", "fd00:8::/64", "192.168.50.0/24", ...networks],
            keepalive: 25,
            mtu: 1420,
            relayName: "relay",
            appName: "qp-tunnel",
        });
        await node.wgQuickUp(config, lab.interface(name));
    }
    await outside.routeTo("10.8.0.0/24", "198.51.100.2");
    await outside.routeTo("fd00:8::/64", ipv6Of("198.51.100.2"));
    await lanhost.routeTo("10.8.0.0/24", "192.168.50.1");
}

/** The table as a relay loads it: skeleton, owners as its program says them, and what is granted. */
function table(): string {
    const text = renderSkeleton({
        table: TABLE,
        interface: lab.interface("relay"),
        interfaces: [],
        subnet: "10.8.0.0/24",
        address: "10.8.0.1",
        subnet6: "fd00:8::/64",
        address6: "fd00:8::1",
        routes: ["192.168.50.0/24"],
    });
    const rows = Object.values(PEERS).map((peer) => `key\t(none)\t${fromAllowedIps(peer).join(",")}\n`);
    const folder = new RelayFolder({ "etc/peers": rows.join("") });
    const owners = folder.run("owners_nft", { table: TABLE });
    folder.remove();
    const elements = [...GRANTED, 'behind { "lan" }'].map((element) => `add element inet ${TABLE} ${element}\n`);
    return text + owners + elements.join("");
}

async function load(text: string): Promise<void> {
    const file = join(lab.folder, "load.nft");
    writeFileSync(file, text);
    await relay.run(["nft", "-f", file]);
}
