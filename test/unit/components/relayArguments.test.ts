import * as pulumi from "@pulumi/pulumi";
import {
    AuditSink,
    ExposedService,
    type ExposedServiceArgs,
    Peer,
    Relay,
    type RelayArgs,
    type RelayPeer,
    hosts,
} from "../../../components/index.js";
import { refusal } from "../core/refusal.js";

/** Resources that were declared, by type. */
let declared: string[] = [];

beforeAll(async () => {
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, inputs }) => {
                declared.push(type);
                const state = { address: "192.0.2.1", ...inputs, record: { hash: "" } } as Record<string, unknown>;
                return { id: "0123456789abcdef", state: type.endsWith(":Registry") ? addressed(state) : state };
            },
            call: () => ({}),
        },
        "team",
        "dev",
    );
});

beforeEach(() => (declared = []));

const KEY = "Ao8hY6Zb0K1Kc2p8lFhA8YtP1zJq7p0m4g9c3v5x7Hk=";
const OTHER = "Bo8hY6Zb0K1Kc2p8lFhA8YtP1zJq7p0m4g9c3v5x7Hk=";
const LOW_ORDER = Buffer.alloc(32).toString("base64");

function relay(args: Partial<Record<keyof RelayArgs, unknown>>): Relay {
    const audit = new AuditSink("audit");
    return new Relay("relay", { host: hosts.local(), audit, peers: [spec("alice", KEY)], ...args } as RelayArgs);
}

function spec(name: string, publicKey: string, more: object = {}): RelayPeer {
    return { name, publicKey, ...more };
}

const service = (args: object): ExposedService => new ExposedService("wiki", args as ExposedServiceArgs);

/** What the registry allocates. */
function addressed(state: Record<string, unknown>): Record<string, unknown> {
    const peers = Object.keys(state["peers"] as object).map((name, index) => [
        name,
        { address: `10.8.0.${index + 2}`, routes: [], keyEpoch: 1, admitted: 1 },
    ]);
    return { ...state, peers: Object.fromEntries(peers) as unknown };
}

it.each<[string, () => unknown, string]>([
    [
        "a name with a space",
        () => new Peer("a b"),
        'peer a b: "a b" cannot be a name; use 1 to 63 letters, digits, hyphens and underscores, beginning with a letter or digit',
    ],
    [
        "a name that Outputs answer to",
        () => relay({ peers: [spec("toString", KEY)] }),
        'relay relay.peers[0] (toString).name: "toString" is a property of every Output, object or promise, so reading it from an output would return that property; choose another name',
    ],
    [
        "a name twice",
        () => relay({ peers: [spec("alice", KEY), spec("alice", OTHER)] }),
        'relay relay.peers: "alice" is used twice; rename one of them',
    ],
    [
        "a key that a misspelt field made undefined",
        () => new Peer("alice", { publicKey: (JSON.parse("{}") as { key?: string }).key as string }),
        "peer alice.publicKey: is set to undefined; correct the source of the value, or omit publicKey to have one generated",
    ],
    [
        "a preshared key that is undefined",
        () => relay({ peers: [spec("alice", KEY, { presharedKey: undefined })] }),
        "relay relay.peers[0] (alice).presharedKey: is set to undefined; correct the source of the value, or omit presharedKey to have one derived",
    ],
    [
        "a relay's key that is undefined",
        () => relay({ privateKey: undefined }),
        "relay relay.privateKey: is set to undefined; correct the source of the value, or omit privateKey to have one generated",
    ],
    [
        "a managed peer with a key that it keeps",
        () => new Peer("nas", { host: hosts.local(), publicKey: KEY }),
        "peer nas.publicKey: cannot be combined with host: a managed peer needs the private key; remove it: a key pair is generated",
    ],
    [
        "a key that it brought as one that was handed out",
        () => new Peer("alice", { publicKey: KEY, handedOut: true }),
        "peer alice.handedOut: has no effect with publicKey: the private key was never in the state; remove it",
    ],
    [
        "a managed peer's key as one that was handed out",
        () => new Peer("nas", { host: hosts.local(), handedOut: true }),
        "peer nas.handedOut: cannot be combined with host: the machine is configured with the key from the state; remove it",
    ],
    [
        "a managed peer with an expiry",
        () => new Peer("nas", { host: hosts.local(), expires: "2030-01-01T00:00:00Z" }),
        "peer nas.expires: would leave a managed machine that cannot connect; remove it, and remove the peer from the program on that day",
    ],
    [
        "a managed peer that nothing connects to",
        () => new Peer("nas", { host: hosts.digitalOcean() }),
        "peer nas.host: cannot be the machine of a managed peer; give hosts.local() or hosts.ssh(), or hand out configFor(peer)",
    ],
    [
        "an interface of a machine that is not managed",
        () => new Peer("nas", { interface: "wg1" }),
        "peer nas.interface: has no effect without a host: the peer's own configuration has the interface name; remove it, or set the host of the managed machine",
    ],
    [
        "names that differ by case",
        () => relay({ peers: [spec("alice", KEY), spec("Alice", OTHER)] }),
        'relay relay.peers: "alice" and "Alice" differ only by upper and lower case; rename one of them',
    ],
    [
        "a key that is no base64",
        () => new Peer("alice", { publicKey: "hello" }),
        "peer alice.publicKey: is not a WireGuard public key: it is 3 bytes of base64, not 32; give the output of `wg pubkey`",
    ],
    [
        "a key of low order",
        () => relay({ peers: [spec("alice", LOW_ORDER)] }),
        "relay relay.peers[0] (alice).publicKey: is a point of low order, which provides no secrecy; give the output of `wg pubkey`",
    ],
    [
        "a key of two peers",
        () => relay({ peers: [spec("alice", KEY), spec("bob", KEY)] }),
        'relay relay.peers.bob.publicKey: is also the key of "alice"; give each peer its own key',
    ],
    [
        "an address that is none",
        () => new Peer("alice", { address: "10.8.0" }),
        'peer alice.address: "10.8.0" is not an IP address; write one like "10.8.0.7"',
    ],
    [
        "a default route",
        () => relay({ peers: [spec("nas", KEY, { routes: ["0.0.0.0/0"] })] }),
        'relay relay.peers.nas.routes[0]: "0.0.0.0/0" is a default route; list the networks that are actually behind it',
    ],
    [
        "a route into the tunnel",
        () => relay({ peers: [spec("nas", KEY, { routes: ["10.8.0.0/16"] })] }),
        'relay relay.peers.nas.routes[0]: "10.8.0.0/16" overlaps the tunnel\'s own 10.8.0.0/24; choose another network, or another subnet for the tunnel',
    ],
    [
        "two peers in front of one network",
        () =>
            relay({
                peers: [
                    spec("nas", KEY, { routes: ["192.168.7.0/24"] }),
                    spec("b", OTHER, { routes: ["192.168.7.128/25"] }),
                ],
            }),
        'relay relay.peers.b.routes[0]: "192.168.7.128/25" overlaps "192.168.7.0/24" of "nas"; a network can be routed to one peer only: remove one of them, or make it narrower',
    ],
    [
        "a subnet with host bits",
        () => relay({ subnet: "10.8.0.1/24" }),
        'relay relay.subnet: "10.8.0.1/24" is an address inside a network; write "10.8.0.0/24" for the network, or "10.8.0.1/32" for the single address',
    ],
    [
        "a subnet6 that is public",
        () => relay({ subnet6: "2001:db8::/64" }),
        'relay relay.subnet6: "2001:db8::/64" is not a unique local network; choose one inside fd00::/8 (RFC 4193) like "fd12:3456:789a::/64"',
    ],
    [
        "a grant to an unlisted peer",
        () => relay({ grants: [{ from: "alice", to: "nas", ports: ["tcp/22"] }] }),
        'relay relay.grants[0].to: refers to a peer that is not listed, "nas"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a grant from an unlisted peer",
        () => relay({ grants: [{ from: "eve", to: "alice", ports: ["tcp/22"] }] }),
        'relay relay.grants[0].from[0]: refers to a peer that is not listed, "eve"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a port without protocol",
        () => relay({ grants: [{ from: "alice", to: "alice", ports: ["22"] }] }),
        'relay relay.grants[0].ports[0]: "22" is not a port, a range or a protocol; add the protocol: "tcp/22" or "udp/22"',
    ],
    [
        "no ports",
        () => relay({ grants: [{ from: "alice", to: "alice", ports: [] }] }),
        "relay relay.grants[0].ports: is too short; give at least 1 entry",
    ],
    [
        "a network nobody has",
        () => relay({ grants: [{ from: "alice", to: { network: "10.1.0.0/24" }, ports: ["all"] }] }),
        'relay relay.grants[0].to.network: "10.1.0.0/24" is not one of the relay\'s routes; add it to the routes',
    ],
    [
        "a link-local upstream",
        () => service({ upstream: "169.254.169.254:80" }),
        'service wiki.upstream: "169.254.169.254" is in 169.254.0.0/16 (link-local, with the cloud\'s metadata address); use the host that the service really runs on',
    ],
    [
        "the metadata address in IPv6",
        () => service({ upstream: "[fd00:ec2::254]:80" }),
        'service wiki.upstream: "fd00:ec2::254" is a cloud\'s metadata address; use the host that the service really runs on',
    ],
    [
        "an upstream without port",
        () => service({ upstream: "wiki.lan" }),
        'service wiki.upstream: "wiki.lan" is not host:port; write one like "127.0.0.1:3000"',
    ],
    [
        "an upstream on an unlisted peer",
        () => relay({ services: [service({ upstream: { peer: "nas", port: 80 } })] }),
        'relay relay.services.wiki.upstream.peer: refers to a peer that is not listed, "nas"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a tunnel address as upstream",
        () => relay({ services: [service({ upstream: "10.8.0.7:80" })] }),
        'relay relay.services.wiki.upstream: "10.8.0.7:80" is an address of the tunnel; use the peer: { peer, port: 80 }',
    ],
    [
        "an unlisted peer allowed in",
        () => relay({ services: [service({ upstream: "wiki.lan:80", allow: ["eve"] })] }),
        'relay relay.services.wiki.allow[0]: refers to a peer that is not listed, "eve"; add it to the relay\'s peers, or remove it here',
    ],
    [
        "a listen port that is none",
        () => relay({ listenPort: 70000 }),
        "relay relay.listenPort: is too large; choose 65535 or less",
    ],
    [
        "an endpoint that is none",
        () => relay({ endpoint: "not a host" }),
        'relay relay.endpoint: "not a host" is not a host name; write one like "vpn.example.com"',
    ],
    [
        "an interface with a slash",
        () => relay({ interface: "wg/0" }),
        'relay relay.interface: "wg/0" cannot be an interface; use 1 to 15 letters, digits, dots, hyphens and underscores, beginning with a letter or digit',
    ],
    [
        "an appName in capitals",
        () => relay({ appName: "QP" }),
        'relay relay.appName: "QP" cannot be an appName; use 1 to 32 lower-case letters and digits, with single hyphens between them',
    ],
    [
        "a date without offset",
        () => new Peer("alice", { expires: "2027-01-31" }),
        'peer alice.expires: "2027-01-31" is not an RFC 3339 date and time with an offset; add time and offset: "2027-01-31T00:00:00Z"',
    ],
    [
        "a misspelt argument",
        () => relay({ listenport: 51820 } as object),
        "relay relay.listenport: is not an argument; correct the spelling, or remove it",
    ],
    [
        "no audit sink",
        () => relay({ audit: undefined }),
        "relay relay.audit: is missing, or is not an object; give an AuditSink for the records of this relay",
    ],
    [
        "a host that is not one",
        () => relay({ host: "here" }),
        "relay relay.host: is missing, or is not an object; set the relay's host: hosts.local(), hosts.ssh(), ...",
    ],
])(
    "refuses %s, naming argument, problem and fix, before anything of the relay is declared",
    (_what, declare, message) => {
        expect(refusal(declare)).toBe(message);
        expect(declared.filter((type) => !/AuditSink|ExposedService/.test(type))).toStrictEqual([]);
    },
);

it("takes what is in order", async () => {
    const made = relay({
        peers: [spec("alice", KEY), new Peer("bob")],
        grants: [{ from: "alice", to: "bob", ports: ["tcp/22"] }],
    });
    expect(made.address).toBe("10.8.0.1");
});
