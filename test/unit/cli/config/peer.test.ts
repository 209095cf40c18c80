import { peerConfig } from "../../../../cli/config/peer.js";
import { SEALED, type StackResource } from "../../../../cli/state.js";
import { presharedKey } from "../../../../core/keys/index.js";

const key = (name: string): string => Buffer.alloc(32, name).toString("base64");
const SEED = key("seed");
const resource = (kind: string, parent: string, name: string, inputs: object, outputs: object): StackResource => ({
    ...{ urn: `urn:${name}`, kind, parent, name, project: "shop", stack: "dev" },
    inputs: { ...inputs },
    outputs: { ...outputs },
});
const CLIENTS = {
    appName: "corp",
    subnet: "10.8.0.0/24",
    mtu: 1420,
    keepalive: 25,
    networks: { nas: ["10.20.0.0/16"] },
};
const wire = (relay: string, inputs: object = {}): StackResource =>
    resource(
        "WireGuard",
        "Relay",
        `${relay}-wireguard`,
        {
            ...{ relay, epochs: [1, 2], publicKeys: { nas: key("nas") }, presharedKeys: { bob: key("given") } },
            peers: { nas: { address: "10.8.0.3", keyEpoch: 2 }, bob: { address: "10.8.0.4", publicKey: key("bob") } },
            ...inputs,
        },
        {},
    );
const relay = (name: string, outputs: object = {}): StackResource =>
    resource(
        "Relay",
        "",
        name,
        {},
        { endpoint: "203.0.113.7:41821", publicKey: key("relay 2"), clients: CLIENTS, ...outputs },
    );
const pair = (parent: string, owner: string, epoch: number, outputs: object): StackResource =>
    resource("KeyPair", parent, `${owner}-${epoch}`, { owner, epoch }, outputs);
const STACK = [
    relay("hub"),
    wire("hub"),
    resource("Seed", "Relay", "hub-seed", { relay: "hub" }, { seed: SEED }),
    pair("Relay", "hub", 1, { publicKey: key("relay 1") }),
    pair("Relay", "hub", 2, { publicKey: key("relay 2") }),
    pair("Peer", "nas", 2, { privateKey: key("nas private") }),
];
const config = (peer: string, more: { relay?: string; epoch?: number } = {}, stack = STACK) =>
    peerConfig(stack, { peer, relay: more.relay, epoch: more.epoch });

it("a peer's file has the keys of the state: those that were made, and the derived preshared key", () => {
    const nas = config("nas");
    expect(nas.privateKey).toBe(key("nas private"));
    for (const value of [
        key("relay 2"),
        "203.0.113.7:41821",
        presharedKey(SEED, { name: "nas", publicKey: key("nas"), keyEpoch: 2, admitted: 1 }),
        "10.8.0.3",
        "10.20.0.0/16",
    ])
        expect(JSON.stringify(nas)).toContain(value);
});

it("who keeps its own key has none in it, and a preshared key that was given is that one", () => {
    const bob = config("bob");
    expect(JSON.stringify(bob)).toContain(key("given"));
    expect(bob.privateKey).not.toBe(key("nas private"));
});

it("an older epoch has its own key and the port that belongs to it", () => {
    expect(JSON.stringify(config("nas", { epoch: 1 }))).toContain("203.0.113.7:41820");
    expect(JSON.stringify(config("nas", { epoch: 1 }))).toContain(key("relay 1"));
    expect(config("nas", { epoch: 2 })).toEqual(config("nas"));
    expect(() => config("nas", { epoch: 3 })).toThrow("--epoch 3: the relay has 1, 2; give one of them");
});

describe("the relay", () => {
    const two = [
        ...STACK,
        relay("lab"),
        wire("lab", { peers: { bob: { address: "10.8.0.4", publicKey: key("bob") } } }),
    ];

    it("is the one that has the peer, or the one that is named", () => {
        expect(config("nas", {}, two)).toEqual(config("nas"));
        expect(() => config("bob", {}, two)).toThrow("--relay: bob is on several relays: hub, lab; choose one of them");
        expect(() => config("nas", { relay: "lab" }, two)).toThrow(
            "peer nas: is on no relay: relay lab lists bob; see qp-tunnel list",
        );
        expect(() => config("nas", { relay: "x" }, two)).toThrow(
            "--relay x: the stack has no such relay; its relays are hub, lab; choose one of them",
        );
        expect(() => config("dora", {}, two)).toThrow(
            "peer dora: is on no relay: the stack has the relays hub, lab; see qp-tunnel list",
        );
        expect(() => config("dora", {}, [])).toThrow("the stack has the relays nobody");
    });

    it("has to have been applied by this version, and to have a key", () => {
        const older = [relay("hub", { clients: undefined }), ...STACK.slice(1)];
        expect(() => config("nas", {}, older)).toThrow(
            "relay hub: was last applied by an older version; run pulumi up once",
        );
        const keyless = [relay("hub", { publicKey: "" }), ...STACK.slice(1)];
        expect(() => config("nas", {}, keyless)).toThrow(
            "the relay: has no key yet; run its script there and set the receipt",
        );
    });
});

it.each<[string, StackResource[]]>([
    ["the seed", STACK.map((each) => (each.kind === "Seed" ? { ...each, outputs: { seed: SEALED } } : each))],
    ["preshared keys", [relay("hub"), wire("hub", { presharedKeys: SEALED }), ...STACK.slice(2)]],
    ["a private key", [...STACK.slice(0, 5), pair("Peer", "nas", 2, { privateKey: SEALED })]],
])("a state in which %s is encrypted cannot be used, and says what can", (_, stack) => {
    expect(() => config("nas", {}, stack)).toThrow(
        "--state: its secrets are encrypted; omit it to use the engine, or export with --show-secrets into a file that only you can read",
    );
});
