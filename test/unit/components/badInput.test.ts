import * as pulumi from "@pulumi/pulumi";
import {
    AuditSink,
    ExposedService,
    type ExposedServiceArgs,
    Peer,
    Relay,
    type RelayArgs,
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

function spec(name: string, publicKey: string, more: object = {}): RelayArgs["peers"][number] {
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
    ["a name with a space", () => new Peer("a b"), ""],
    ["a name that Outputs answer to", () => relay({ peers: [spec("toString", KEY)] }), ""],
    ["a name twice", () => relay({ peers: [spec("alice", KEY), spec("alice", OTHER)] }), ""],
    ["names that differ by case", () => relay({ peers: [spec("alice", KEY), spec("Alice", OTHER)] }), ""],
    ["a key that is no base64", () => new Peer("alice", { publicKey: "hello" }), ""],
    ["a key of low order", () => relay({ peers: [spec("alice", LOW_ORDER)] }), ""],
    ["a key of two peers", () => relay({ peers: [spec("alice", KEY), spec("bob", KEY)] }), ""],
    ["an address that is none", () => new Peer("alice", { address: "10.8.0" }), ""],
    ["a default route", () => relay({ peers: [spec("nas", KEY, { routes: ["0.0.0.0/0"] })] }), ""],
    ["a route into the tunnel", () => relay({ peers: [spec("nas", KEY, { routes: ["10.8.0.0/16"] })] }), ""],
    [
        "two peers in front of one network",
        () =>
            relay({
                peers: [
                    spec("nas", KEY, { routes: ["192.168.7.0/24"] }),
                    spec("b", OTHER, { routes: ["192.168.7.128/25"] }),
                ],
            }),
        "",
    ],
    ["a subnet with host bits", () => relay({ subnet: "10.8.0.1/24" }), ""],
    ["a subnet6 that is public", () => relay({ subnet6: "2001:db8::/64" }), ""],
    ["a grant to an unlisted peer", () => relay({ grants: [{ from: "alice", to: "nas", ports: ["tcp/22"] }] }), ""],
    ["a grant from an unlisted peer", () => relay({ grants: [{ from: "eve", to: "alice", ports: ["tcp/22"] }] }), ""],
    ["a port without protocol", () => relay({ grants: [{ from: "alice", to: "alice", ports: ["22"] }] }), ""],
    ["no ports", () => relay({ grants: [{ from: "alice", to: "alice", ports: [] }] }), ""],
    [
        "a network nobody has",
        () => relay({ grants: [{ from: "alice", to: { network: "10.1.0.0/24" }, ports: ["all"] }] }),
        "",
    ],
    ["a link-local upstream", () => service({ upstream: "169.254.169.254:80" }), ""],
    ["the metadata address in IPv6", () => service({ upstream: "[fd00:ec2::254]:80" }), ""],
    ["an upstream without port", () => service({ upstream: "wiki.lan" }), ""],
    [
        "an upstream on an unlisted peer",
        () => relay({ services: [service({ upstream: { peer: "nas", port: 80 } })] }),
        "",
    ],
    ["a tunnel address as upstream", () => relay({ services: [service({ upstream: "10.8.0.7:80" })] }), ""],
    [
        "an unlisted peer allowed in",
        () => relay({ services: [service({ upstream: "wiki.lan:80", allow: ["eve"] })] }),
        "",
    ],
    ["a listen port that is none", () => relay({ listenPort: 70000 }), ""],
    ["an endpoint that is none", () => relay({ endpoint: "not a host" }), ""],
    ["an interface with a slash", () => relay({ interface: "wg/0" }), ""],
    ["an appName in capitals", () => relay({ appName: "QP" }), ""],
    ["a date without offset", () => new Peer("alice", { expires: "2027-01-31" }), ""],
    ["a misspelt argument", () => relay({ listenport: 51820 } as object), ""],
    ["no audit sink", () => relay({ audit: undefined }), ""],
    ["a host that is not one", () => relay({ host: "here" }), ""],
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
