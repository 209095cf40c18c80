import { differencesOf, type LiveInterface, type WantedInterface } from "../../../../core/adoption/differences.js";
import { fingerprint } from "../../../../core/keys/index.js";

const [ALICE, BOB, EVE] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [
    string,
    string,
    string,
];
const PSK = Buffer.alloc(32, 9).toString("base64");
const OTHER_PSK = Buffer.alloc(32, 8).toString("base64");

const onWire = (publicKey: string, allowedIps: string[], presharedKey = "", keepalive = 0) => ({
    ...{ publicKey, presharedKey, allowedIps, keepalive },
    ...{ endpoint: "", latestHandshake: 0, received: 0, sent: 0 },
});

const live = (changes: Partial<LiveInterface> = {}): LiveInterface => ({
    interface: "wg0",
    publicKey: EVE,
    listenPort: 51820,
    fwmark: 0,
    mtu: 1420,
    addresses: ["10.8.0.1/24"],
    routes: ["192.168.7.0/24"],
    forwards: [4, 6],
    peers: [onWire(ALICE, ["10.8.0.2/32"], PSK), onWire(BOB, ["10.8.0.3/32", "192.168.7.0/24"])],
    ...changes,
});

const wanted = (changes: Partial<WantedInterface> = {}): WantedInterface => ({
    listenPort: 51820,
    mtu: 1420,
    isMtuGiven: false,
    addresses: ["10.8.0.1/24"],
    subnets: ["10.8.0.0/24"],
    peers: [
        { name: "alice", publicKey: ALICE, presharedKey: PSK, allowedIps: ["10.8.0.2/32"] },
        { name: "bob", publicKey: BOB, presharedKey: "", allowedIps: ["10.8.0.3/32", "192.168.7.0/24"] },
    ],
    forwards: [4],
    ...changes,
});
const withKey = (presharedKey: string | undefined) =>
    wanted({ peers: wanted().peers.map((peer) => (peer.name === "alice" ? { ...peer, presharedKey } : peer)) });

it("finds nothing where the interface is as the program says", () => {
    expect(differencesOf(live(), wanted())).toMatchObject({ changes: [], notes: [] });
});

it.each<[string, LiveInterface, WantedInterface, string]>([
    [
        "a key on the wire alone",
        live(),
        withKey(""),
        "alice has a preshared key on wg0, but none in the program: alice is cut off at its next handshake",
    ],
    [
        "another key",
        live(),
        withKey(OTHER_PSK),
        "alice has a different preshared key on wg0 than in the program: alice is cut off at its next handshake",
    ],
    [
        "a key that is made anew",
        live(),
        withKey(undefined),
        "alice has a different preshared key on wg0 than in the program: alice is cut off at its next handshake",
    ],
    [
        "a key in the program alone",
        live({ peers: [onWire(ALICE, ["10.8.0.2/32"])] }),
        wanted(),
        "alice has no preshared key on wg0, but one in the program: alice is cut off at its next handshake",
    ],
    [
        "somebody the program does not list",
        live({ peers: [...live().peers, onWire(EVE, ["10.8.0.66/32"])] }),
        wanted(),
        `the peer ${fingerprint(EVE)} (10.8.0.66/32) is on wg0 but not in the program: it is cut off`,
    ],
    [
        "an address less",
        live({ peers: [onWire(ALICE, ["10.8.0.2/32", "10.8.0.9/32"], PSK)] }),
        wanted(),
        "alice has 10.8.0.9/32 on wg0 but not in the program: traffic to and from there ends",
    ],
    [
        "another port",
        live({ listenPort: 4500 }),
        wanted(),
        "wg0 listens on UDP port 4500, the program has 51820: existing configurations no longer connect",
    ],
    [
        "the default for MTU",
        live({ mtu: 1380 }),
        wanted(),
        "wg0 has MTU 1380, and a Relay without `mtu` sets 1420: set `mtu: 1380` to keep it, or `mtu: 1420`",
    ],
    [
        "a mark",
        live({ fwmark: 0xca6c }),
        wanted(),
        "wg0 marks its packets with 0xca6c, and a Relay sets no mark: routing rules that match it no longer apply",
    ],
    [
        "another address",
        live({ addresses: ["10.8.0.1/24", "10.9.0.1/24"] }),
        wanted(),
        "wg0 has the address 10.9.0.1/24, which is not in the program: it is removed",
    ],
    [
        "a route of somebody's",
        live({ routes: ["172.16.0.0/12", "192.168.7.0/24"] }),
        wanted(),
        "wg0 has a route to 172.16.0.0/12, which is behind no peer of the program: it is removed",
    ],
    [
        "a network that the machine does not route there",
        live({ routes: [] }),
        wanted(),
        "the machine has no route for 192.168.7.0/24 to wg0 today and gets one (behind bob)",
    ],
    [
        "an interface that forwards nothing",
        live({ forwards: [6] }),
        wanted(),
        "wg0 does not forward IPv4 today, but the program's grants let peers reach each other through it: set `grants: []` to keep it closed",
    ],
])("names %s, without a key in its words", (_, one, other, sentence) => {
    const { changes } = differencesOf(one, other);
    expect(changes).toStrictEqual([sentence]);
    for (const key of [PSK, OTHER_PSK]) expect(changes.join()).not.toContain(key);
});

it("lets a program say the MTU, and notes what cuts nobody off", () => {
    const one = live({
        mtu: 1380,
        addresses: ["10.8.0.1/32"],
        routes: ["10.8.0.2/32", "192.168.7.0/24"],
        peers: [onWire(ALICE, ["10.8.0.2/32"], PSK, 25)],
    });
    expect(differencesOf(one, wanted({ isMtuGiven: true }))).toMatchObject({
        changes: [],
        notes: [
            "the relay no longer sends keepalives to alice (every 25 s until now)",
            "bob is not on wg0 yet and is added",
            "the address 10.8.0.1/32 becomes 10.8.0.1/24",
        ],
    });
});

it("is accepted by a hash of what is named, and of nothing else", () => {
    const { hash } = differencesOf(live({ mtu: 1380 }), wanted());
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(differencesOf(live({ mtu: 1380, peers: [...live().peers].reverse() }), wanted()).hash).toBe(hash);
    expect(differencesOf(live({ mtu: 1380, fwmark: 1 }), wanted()).hash).not.toBe(hash);
    expect(differencesOf(live({ mtu: 1380, interface: "wg1" }), wanted()).hash).not.toBe(hash);
});
