import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Access, expand, parseRule } from "../../core/access/index.js";
import { renderClientConfig } from "../../core/client/config.js";
import { generateKeyPair } from "../../core/keys/index.js";
import type { Ports, RegistryPeer } from "../../core/registry/model.js";
import { type SetElements, elementsOf, renderElements, renderSkeleton } from "../../core/nftables/index.js";
import { fromAllowedIps } from "../../core/wireguard/index.js";
import { Lab, type LabNode, type TOPOLOGY, ipv6Of, renderSetconf } from "../lab/index.js";
import { RelayFolder } from "../unit/providers/relay/shell.js";
import { elementsText } from "./elements.js";

// The firewall's text against traffic: every accept is tried, and next to it what must not pass.

jest.setTimeout(120_000);

const TABLE = "qp_tunnel_lab";
/** Of loads in one transaction one in twenty lost a packet on a busy machine. */
const TURNS = 20;
const tcp = (first: number, last = first): Ports => ({ protocol: "tcp", first, last });
const udp = (first: number, last = first): Ports => ({ protocol: "udp", first, last });
const peer = (host: number, routes: string[] = []): RegistryPeer => ({
    address: `10.8.0.${host}`,
    address6: `fd00:8::${host}`,
    routes,
});

const ACCESS: Access = {
    relay: { address: "10.8.0.1", address6: "fd00:8::1" },
    peers: { alice: peer(2), bob: peer(3), carol: peer(4, ["192.168.7.0/24"]) },
    services: {
        web: { port: 8443, allow: ["alice"], upstreamPeer: { peer: "carol", port: 3000 } },
        idle: { port: 8450, allow: [], upstreamPeer: { peer: "carol", port: 3002 } },
    },
    grants: [
        {
            from: ["alice"],
            to: { peer: "carol" },
            ports: [tcp(22), tcp(2222), tcp(8000, 8010), udp(5353), udp(5355), { protocol: "icmp" }],
        },
        { from: ["alice"], to: { peer: "carol", network: "192.168.7.0/24" }, ports: [tcp(443)] },
        { from: ["alice"], to: { network: "192.168.50.0/24" }, ports: [tcp(80)] },
        { from: ["bob"], to: { peer: "alice" }, ports: [{ protocol: "all" }] },
    ],
};
const ELEMENTS = elementsOf(Object.values(expand(ACCESS)).flat().map(parseRule));

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode, alice: LabNode, bob: LabNode, carol: LabNode, outside: LabNode, lanhost: LabNode;

beforeAll(async () => {
    lab = await Lab.create("firewall");
    [relay, alice, bob, carol, outside, lanhost] = (
        ["relay", "alice", "bob", "carol", "outside", "lanhost"] as const
    ).map((name) => lab.node(name)) as [LabNode, LabNode, LabNode, LabNode, LabNode, LabNode];
    await connect();
    await load(skeleton() + elementsText(TABLE, ELEMENTS));
    await carol.run(["ip", "address", "add", "192.168.7.9/32", "dev", "lo"]);
    await outside.run(["ip", "address", "add", "203.0.113.5/32", "dev", "lo"]);
    await relay.routeTo("203.0.113.0/24", "198.51.100.66");
    const web = [
        ...[22, 8443, 8444].map((port) => ({ node: relay, port })),
        ...[22, 23, 443, 3000, 3001, 8000, 8010, 8011].map((port) => ({ node: carol, port })),
        ...[80, 81].map((port) => ({ node: lanhost, port })),
        { node: alice, port: 22 },
        { node: outside, port: 80 },
    ];
    await Promise.all([
        ...web.map(({ node, port }) => node.httpServer(port, "hello", { address: "::" })),
        ...[5353, 5354].map((port) => carol.udpEcho(port, "10.8.0.4")),
        alice.udpEcho(5353, "10.8.0.2"),
        relay.udpEcho(5353, "10.8.0.1"),
    ]);
}, 60_000);

afterAll(() => lab?.close());

describe("a peer reaches", () => {
    test("the relay by ping", async () => {
        expect(await all(alice.ping("10.8.0.1"), alice.ping("fd00:8::1"), bob.ping("10.8.0.1"))).toEqual([
            true,
            true,
            true,
        ]);
    });

    test("the service that allows it, no other port of the relay, by none of its addresses", async () => {
        expect(
            await all(
                alice.tcp("10.8.0.1", 8443),
                alice.tcp("fd00:8::1", 8443),
                alice.tcp("10.8.0.1", 8444),
                alice.tcp("10.8.0.1", 22),
                bob.tcp("10.8.0.1", 8443),
                bob.tcp("fd00:8::1", 8443),
                alice.udp("10.8.0.1", 5353),
                alice.tcp("192.168.50.1", 22),
            ),
        ).toEqual(["open", "open", "timeout", "timeout", "timeout", "timeout", "timeout", "timeout"]);
    });

    test("what a grant to a peer says, port by port, one way", async () => {
        expect(
            await all(
                alice.tcp("10.8.0.4", 22),
                alice.tcp("fd00:8::4", 22),
                alice.tcp("10.8.0.4", 8000),
                alice.tcp("fd00:8::4", 8010),
                alice.udp("10.8.0.4", 5353),
                alice.ping("10.8.0.4"),
                alice.ping("fd00:8::4"),
                alice.tcp("10.8.0.4", 23),
                alice.tcp("10.8.0.4", 8011),
                alice.udp("10.8.0.4", 5354),
                carol.tcp("10.8.0.2", 22),
                carol.ping("10.8.0.2"),
                bob.tcp("10.8.0.4", 22),
                bob.ping("10.8.0.4"),
            ),
        ).toEqual([
            ...["open", "open", "open", "open", "open", true, true],
            ...["timeout", "timeout", "timeout", "timeout", false, "timeout", false],
        ]);
    });

    test("errors about what it may send, and no others", async () => {
        expect(await all(alice.udp("10.8.0.4", 5355), alice.udp("10.8.0.4", 5356))).toEqual(["refused", "timeout"]);
    });

    test("no host by answering from a granted port what was never asked", async () => {
        expect(
            await all(
                carol.tcp("10.8.0.2", 22, { fromPort: 2222 }),
                carol.tcp("10.8.0.2", 22, { fromPort: 8005 }),
                carol.tcp("fd00:8::2", 22, { fromPort: 2222 }),
                alice.tcp("10.8.0.3", 22, { fromPort: 22222 }),
                alice.tcp("10.8.0.1", 8444, { fromPort: 8443 }),
                carol.tcp("10.8.0.1", 8444, { fromPort: 3002 }),
            ),
        ).toEqual(["timeout", "timeout", "timeout", "timeout", "timeout", "timeout"]);
    });

    test("everything of a peer where all is granted, and not the way back", async () => {
        expect(
            await all(
                bob.tcp("10.8.0.2", 22),
                bob.udp("10.8.0.2", 5353),
                bob.ping("fd00:8::2"),
                alice.ping("10.8.0.3"),
            ),
        ).toEqual(["open", "open", true, false]);
    });

    test("a network behind a peer", async () => {
        expect(
            await all(
                alice.tcp("192.168.7.9", 443),
                alice.tcp("192.168.7.9", 22),
                bob.tcp("192.168.7.9", 443),
                bob.ping("192.168.7.9"),
            ),
        ).toEqual(["open", "timeout", "timeout", false]);
    });

    test("a network behind the relay, with the relay's own address there", async () => {
        expect(
            await all(
                alice.tcp("192.168.50.10", 80),
                alice.tcp("192.168.50.10", 81),
                bob.tcp("192.168.50.10", 80),
                alice.tcp("203.0.113.5", 80),
            ),
        ).toEqual(["open", "timeout", "timeout", "timeout"]);
        const server = await lanhost.httpServer(8080, "hello from the LAN");
        await load(`add element inet ${TABLE} net4 { 10.8.0.2 . 192.168.50.0/24 . tcp . 8080 }`);
        const ask = 'fetch("http://192.168.50.10:8080/nat").then((answer) => answer.text()).then(console.log)';
        expect(await alice.run([process.execPath, "-e", ask])).toBe("hello from the LAN\n");
        expect(server.program.messages).toContainEqual({ request: "/nat", from: "192.168.50.1" });
        await server.stop();
    });
});

test("the relay reaches a peer's upstream and gets no other answer, but for its own ping", async () => {
    expect(
        await all(
            relay.tcp("10.8.0.4", 3000),
            relay.tcp("fd00:8::4", 3000),
            relay.tcp("10.8.0.4", 3001),
            relay.ping("10.8.0.2"),
            relay.ping("fd00:8::2"),
        ),
    ).toEqual(["open", "open", "timeout", true, true]);
});

describe("no host outside gets in", () => {
    beforeAll(async () => {
        await outside.routeTo("10.8.0.0/24", "198.51.100.2");
        await outside.routeTo("192.168.7.0/24", "198.51.100.2");
        await outside.routeTo("fd00:8::/64", ipv6Of("198.51.100.2"));
        await lanhost.routeTo("10.8.0.0/24", "192.168.50.1");
        await lanhost.routeTo("fd00:8::/64", ipv6Of("192.168.50.1"));
    });

    test("by routing to inside addresses, from the WAN or the LAN", async () => {
        expect(
            await all(
                outside.tcp("10.8.0.1", 8443),
                outside.tcp("fd00:8::1", 8443),
                outside.ping("10.8.0.1"),
                outside.tcp("10.8.0.4", 22),
                outside.tcp("192.168.7.9", 443),
                lanhost.tcp("10.8.0.1", 8443),
                lanhost.tcp("fd00:8::1", 8443),
                lanhost.tcp("10.8.0.4", 22),
                lanhost.ping("10.8.0.2"),
            ),
        ).toEqual(["timeout", "timeout", false, "timeout", "timeout", "timeout", "timeout", "timeout", false]);
    });

    test("by forging an inside address that may: not even one packet arrives", async () => {
        await outside.forge("10.8.0.2/32");
        await lanhost.forge("10.8.0.2/32");
        const sinks = [await carol.udpEcho(8005, "10.8.0.4"), await relay.udpEcho(8005, "10.8.0.1")];
        await load(
            `add element inet ${TABLE} acl4 { 10.8.0.2 . 10.8.0.4 . udp . 8005, 10.8.0.2 . 10.8.0.1 . udp . 8005 }`,
        );
        const forged = { from: "10.8.0.2", timeout: 300 };
        for (const target of ["10.8.0.4", "10.8.0.1"]) {
            await outside.udp(target, 8005, forged);
            await lanhost.udp(target, 8005, forged);
        }
        expect(sinks.map(({ program }) => program.messages)).toEqual([[{ ready: true }], [{ ready: true }]]);
        expect(await all(alice.udp("10.8.0.4", 8005), alice.udp("10.8.0.1", 8005))).toEqual(["open", "open"]);
        await Promise.all(sinks.map((sink) => sink.stop()));
    });

    test("and what does not concern us is left alone: the relay's own services, and its forwarding", async () => {
        expect(await all(outside.tcp("198.51.100.2", 22), outside.ping("198.51.100.2"))).toEqual(["open", true]);
        await outside.routeTo("192.168.50.0/24", "198.51.100.2");
        await lanhost.routeTo("198.51.100.0/24", "192.168.50.1");
        expect(await outside.tcp("192.168.50.10", 81)).toBe("open");
    });
});

test("an element that goes ends the flow that runs by it, and disturbs no other", async () => {
    const [cut, kept] = [await alice.probe("10.8.0.4", 5353), await bob.probe("10.8.0.2", 5353)];
    await cut.passes(200);
    const after: SetElements = {
        ...ELEMENTS,
        acl4: ELEMENTS.acl4.filter((element) => !element.endsWith(". udp . 5353")),
    };
    refill(after);
    const gone = Date.now();
    await cut.passes(200);
    refill(ELEMENTS);
    await cut.passes(200);
    const [report, control] = [await cut.stop(), await kept.stop()];

    expect(report.outages).toEqual([{ first: expect.any(Number), lost: report.lost, milliseconds: report.longestGap }]);
    expect(report.lost).toBeGreaterThan(100);
    expect(report.lastAnswer).toBeGreaterThan(gone);
    expect(control).toMatchObject({ lost: 0 });
});

test("loading the table under load loses nothing, neither the first one nor one over another", async () => {
    const probes = [await alice.probe("10.8.0.4", 5353), await bob.probe("10.8.0.2", 5353)];
    const turn = `nft delete table inet ${TABLE}; load_firewall; load_firewall`;
    inRelay(recorded(), `for ((turn = 0; turn < ${TURNS}; turn++)); do ${turn}; done`);
    await probes[0]!.passes(100);
    for (const probe of probes) expect(await probe.stop()).toMatchObject({ lost: 0 });
    expect(await listed()).toBe(loaded());
});

test("a table of another shape is replaced whole", async () => {
    await relay.run(["nft", `add set inet ${TABLE} other { type ipv4_addr; }; add chain inet ${TABLE} odd`]);
    await relay.run(["nft", `flush set inet ${TABLE} net4; delete chain inet ${TABLE} post`]);
    inRelay(recorded(), "load_firewall");
    expect(await listed()).toBe(loaded());
});

test("without IPv6 in the tunnel, all of it is dropped", async () => {
    await load(skeleton(false) + elementsText(TABLE, ELEMENTS));
    expect(
        await all(
            alice.ping("fd00:8::1"),
            alice.tcp("fd00:8::1", 8443),
            alice.tcp("fd00:8::4", 22),
            alice.tcp("10.8.0.4", 22),
        ),
    ).toEqual([false, "timeout", "timeout", "open"]);
});

/** The relay as the library would leave it, peers by the files it would hand out. */
async function connect(): Promise<void> {
    const keys = generateKeyPair(randomBytes);
    const clients = { alice, bob, carol };
    const pairs = Object.fromEntries(Object.keys(clients).map((name) => [name, generateKeyPair(randomBytes)]));
    const peers = Object.entries(ACCESS.peers).map(([name, peer]) => ({
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
        routes: ["192.168.7.0/24"],
    });
    await relay.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    for (const [name, node] of Object.entries(clients)) {
        const { address, address6 } = ACCESS.peers[name]!;
        const config = renderClientConfig({
            peerName: name,
            address,
            address6: address6!,
            privateKey: pairs[name]!.privateKey,
            relayPublicKey: keys.publicKey,
            endpoint: "198.51.100.2:51820",
            allowedIps: [
                "10.8.0.0/24",
                "fd00:8::/64",
                ...(name === "carol" ? [] : ["192.168.7.0/24"]),
                "192.168.50.0/24",
                "203.0.113.0/24",
            ],
            keepalive: 25,
            mtu: 1420,
            relayName: "relay",
            appName: "qp-tunnel",
        });
        await node.wgQuickUp(config, lab.interface(name));
    }
}

/** All at once: what must not pass takes its time to say so. */
function all<Results extends unknown[]>(
    ...questions: { [Index in keyof Results]: Promise<Results[Index]> }
): Promise<Results> {
    return Promise.all(questions);
}

/** The table as a relay loads it, but for the elements of grants: with who owns which address. */
function skeleton(v6 = true): string {
    return bare(v6) + owners();
}

/** What an update records: the relay's program adds the rest. */
function bare(v6 = true): string {
    return renderSkeleton({
        table: TABLE,
        interface: lab.interface("relay"),
        interfaces: [],
        subnet: "10.8.0.0/24",
        address: "10.8.0.1",
        routes: ["192.168.50.0/24"],
        ...(v6 ? { subnet6: "fd00:8::/64", address6: "fd00:8::1" } : {}),
    });
}

/** As the relay's own program says it. */
function owners(): string {
    return inRelay({ "etc/peers": allowedIps() }, "owners_nft", []);
}

function allowedIps(): string {
    return Object.values(ACCESS.peers)
        .map((peer) => `key\t(none)\t${fromAllowedIps(peer).join(",")}\n`)
        .join("");
}

/** As an update gives rights and takes them. */
function refill(elements: SetElements): void {
    inRelay({ "etc/elements": renderElements(elements) }, "remember_elements; fill_sets");
}

/** The table in the words of nft; nobody has sent anything. */
async function listed(): Promise<string> {
    const flush = ["seen4", "seen6"].map((set) => `flush set inet ${TABLE} ${set};`);
    return relay.run(["nft", "-s", `${flush.join(" ")} list table inet ${TABLE}`]);
}

/** The same, after one transaction in a namespace that has nothing else. */
function loaded(): string {
    return inRelay(recorded(), `replace_table; nft -s list table inet ${TABLE}`, ["unshare", "-n"]);
}

function recorded(): Record<string, string> {
    return {
        "etc/firewall.nft": bare(),
        "etc/elements": renderElements(ELEMENTS),
        "etc/peers": allowedIps(),
        "etc/interfaces": `${lab.interface("relay")}\t51820\t1\t-\n`,
        "etc/network": "",
    };
}

function inRelay(
    files: Record<string, string>,
    script: string,
    prefix = ["ip", "netns", "exec", relay.namespace],
): string {
    const folder = new RelayFolder(files);
    try {
        return folder.run(script, { table: TABLE, interface: lab.interface("relay") }, prefix);
    } finally {
        folder.remove();
    }
}

async function load(text: string): Promise<void> {
    const file = join(lab.folder, "load.nft");
    writeFileSync(file, text);
    await relay.run(["nft", "-f", file]);
}
