import { storeDrift } from "../../../../../core/drift.js";
import { publicKeyOf } from "../../../../../core/keys/index.js";
import { type DesiredPeer, fromAllowedIps } from "../../../../../core/wireguard/index.js";
import type { WireGuardInputs } from "../../../../../providers/resources/wireguard/inputs.js";
import { wireDrift as driftOf } from "../../../../../providers/resources/wireguard/drift.js";
import type { Files } from "../../../../../core/protocol/bundle.js";
import { KEYS, peer, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const PSK = "cHJlc2hhcmVkIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";
const RELAY_PUBLIC_KEY = publicKeyOf(RELAY_PRIVATE_KEY);

const alice = peer("10.8.0.2", { publicKey: KEYS.alice, address6: "fd12::2" });
const nas = peer("10.8.0.3", { publicKey: KEYS.bob, address6: "fd12::3", routes: ["192.168.7.0/24"] });
const args = wireInputs({ alice, nas }, { address6: "fd12::1", prefix6: 64 }) as unknown as WireGuardInputs;

const desired: DesiredPeer[] = Object.entries(args.peers).map(([name, each]) => ({
    name,
    publicKey: each.publicKey ?? "",
    presharedKey: PSK,
    allowedIps: fromAllowedIps(each),
    keepalive: 0,
}));

/** What `wg show wg0 dump` and the relay's program say of a healthy relay. */
const INTERFACE = [RELAY_PRIVATE_KEY, RELAY_PUBLIC_KEY, "51820", "off"];
const ALICE = [KEYS.alice, PSK, "203.0.113.9:41922", "fd12::2/128,10.8.0.2/32", "1790000000", "4711", "815", "off"];
const NAS = [KEYS.bob, PSK, "(none)", "10.8.0.3/32,fd12::3/128,192.168.7.0/24", "0", "0", "0", "off"];
const NETWORK = [
    "address 10.8.0.1/24",
    "address fd12::1/64",
    "route 192.168.7.0/24",
    "forwarding 1",
    "forwarding6 1",
    "up 1",
    "mtu 1420",
];

const dump = (...lines: string[][]) => `${lines.map((fields) => fields.join("\t")).join("\n")}\n`;
const network = (lines = NETWORK) => `${lines.join("\n")}\n`;
/** Of the one interface that most tests have. */
const wireDrift = (inputs: WireGuardInputs, peers: DesiredPeer[], { dump: text, network: links }: Files) =>
    storeDrift(
        driftOf(
            inputs,
            peers,
            Object.fromEntries(
                Object.entries({ "dump.wg0": text, "network.wg0": links }).filter(
                    ([, content]) => content !== undefined,
                ),
            ) as Files,
            "wg0",
        ),
    );
const healthy = { dump: dump(INTERFACE, ALICE, NAS), network: network() };

/** A line with one field written anew. */
const but = (line: string[], field: number, text: string) => line.map((each, index) => (index === field ? text : each));
const without = (line: string) => network(NETWORK.filter((each) => each !== line));
const instead = (line: string, other: string) => network(NETWORK.map((each) => (each === line ? other : each)));

describe("the drift of an interface", () => {
    it("is none on a healthy relay, whatever the counters, endpoints and the order of peers say", () => {
        expect(wireDrift(args, desired, healthy)).toStrictEqual({});
        expect(wireDrift(args, desired, { ...healthy, dump: dump(INTERFACE, NAS, ALICE) })).toStrictEqual({});
    });

    it.each([[undefined], [""]])("is its absence, and nothing else then (%j)", (nothing) => {
        const answer = nothing === undefined ? {} : { dump: nothing, network: network() };
        expect(wireDrift(args, desired, answer)).toStrictEqual({
            interface:
                "the interface is missing or does not answer: no peer is connected; `pulumi up --refresh` creates it again",
        });
    });

    it.each([
        [
            "another private key",
            dump(but(but(INTERFACE, 1, KEYS.dave), 0, "(none)"), ALICE, NAS),
            {
                "private key": `the interface has a different private key (public key ${KEYS.dave}); \`pulumi up --refresh\` restores the relay's own`,
            },
        ],
        [
            "another port",
            dump(but(INTERFACE, 2, "1234"), ALICE, NAS),
            { "listen port": "the interface listens on port 1234 instead of 51820; `pulumi up --refresh` restores it" },
        ],
        [
            "a peer who was removed",
            dump(INTERFACE, NAS),
            { "peer alice": "alice was removed from the interface by hand; `pulumi up --refresh` adds it back" },
        ],
        [
            "other allowed IPs",
            dump(INTERFACE, but(ALICE, 3, "10.8.0.2/32,10.8.0.3/32"), NAS),
            {
                "peer alice":
                    "alice was changed on the interface: allowed IPs are 10.8.0.2/32, 10.8.0.3/32 instead of 10.8.0.2/32, fd12::2/128; `pulumi up --refresh` restores it",
            },
        ],
        [
            "no allowed IPs, no preshared key and a keepalive",
            dump(INTERFACE, but(but(but(ALICE, 3, "(none)"), 1, "(none)"), 7, "25"), NAS),
            {
                "peer alice":
                    "alice was changed on the interface: allowed IPs are none instead of 10.8.0.2/32, fd12::2/128; the preshared key differs; keepalive is 25 instead of 0; `pulumi up --refresh` restores it",
            },
        ],
        [
            "a rogue peer",
            dump(INTERFACE, ALICE, NAS, but(but(ALICE, 0, KEYS.dave), 3, "10.8.0.66/32")),
            {
                "rogue peer SHA256:6eHh0hbDX5mId+lZ":
                    "unknown peer SHA256:6eHh0hbDX5mId+lZ (YW5vdGhlciAzMiBieXRlcyBmb3IgYSBrZXkgb2YgZGE=, 10.8.0.66/32) is configured on the interface but not declared in the program; `pulumi up --refresh` removes it",
            },
        ],
    ])("is %s", (_what, text, drift) => {
        expect(wireDrift(args, desired, { ...healthy, dump: text })).toStrictEqual(drift);
    });

    it("is a peer with another key: one too few and one too many", () => {
        const found = wireDrift(args, desired, { ...healthy, dump: dump(INTERFACE, but(ALICE, 0, KEYS.dave), NAS) });
        expect(Object.keys(found)).toEqual(["peer alice", "rogue peer SHA256:6eHh0hbDX5mId+lZ"]);
    });

    it.each([
        [
            without("address fd12::1/64"),
            {
                addresses:
                    "the interface has the addresses 10.8.0.1/24 instead of 10.8.0.1/24, fd12::1/64; `pulumi up --refresh` restores them",
            },
        ],
        [
            without("route 192.168.7.0/24"),
            { routes: "the routes are none instead of 192.168.7.0/24; `pulumi up --refresh` restores them" },
        ],
        [
            network([...NETWORK, "route 192.168.9.0/24"]),
            {
                routes: "the routes are 192.168.7.0/24, 192.168.9.0/24 instead of 192.168.7.0/24; `pulumi up --refresh` restores them",
            },
        ],
        [
            instead("mtu 1420", "mtu 1280"),
            { mtu: "the MTU is 1280 instead of 1420; `pulumi up --refresh` restores it" },
        ],
        // A relay of before link groups says nothing of it, as the healthy one here.
        [network([...NETWORK, "group 29047"]), {}],
        [
            network([...NETWORK, "group default"]),
            {
                "link group":
                    "the link group of the interface is default instead of 29047: other relays on this machine drop what it forwards; `pulumi up --refresh` restores it",
            },
        ],
        [
            instead("up 1", "up 0"),
            { link: "the interface is down: no peer is connected; `pulumi up --refresh` brings it up" },
        ],
        [
            instead("forwarding 1", "forwarding 0"),
            {
                ip_forward:
                    "IPv4 forwarding is off: peers reach the relay, but nothing behind it; `pulumi up --refresh` switches it on for the interface",
            },
        ],
        [
            instead("forwarding6 1", "forwarding6 0"),
            { ip6_forward: "IPv6 forwarding is off; `pulumi up --refresh` switches it on" },
        ],
    ])("is what the kernel says of the network: case %#", (text, drift) => {
        expect(wireDrift(args, desired, { ...healthy, network: text })).toStrictEqual(drift);
    });

    it("asks for IPv6 forwarding only where there is IPv6", () => {
        const four = peer("10.8.0.2", { publicKey: KEYS.alice });
        const only4 = wireInputs({ alice: four }) as unknown as WireGuardInputs;
        const [one] = desired;
        const answer = {
            dump: dump(INTERFACE, but(ALICE, 3, "10.8.0.2/32")),
            network: network(["address 10.8.0.1/24", "forwarding 1", "forwarding6 0", "up 1", "mtu 1420"]),
        };
        expect(wireDrift(only4, [{ ...one!, allowedIps: ["10.8.0.2/32"] }], answer)).toStrictEqual({});
    });

    it("tells no private and no preshared key", () => {
        const spoiled = {
            dump: dump(but(but(INTERFACE, 0, KEYS.carol), 1, KEYS.dave), but(ALICE, 1, KEYS.carol)),
            network: "",
        };
        const said = JSON.stringify(wireDrift(args, desired, spoiled));
        for (const secret of [RELAY_PRIVATE_KEY, PSK, KEYS.carol]) expect(said).not.toContain(secret);
    });
});
