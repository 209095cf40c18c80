import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack } from "../../lab/stack.js";
import { livePeers, type LivePeer } from "./fixtures.js";

jest.setTimeout(300_000);

const RESOURCES = [
    "alice-key",
    "relay-key",
    "relay-seed",
    "relay-registry",
    "relay-ca",
    "relay-host",
    "relay-firewall",
    "relay-wireguard",
    "relay-proxy",
    "relay-grants",
    "relay-audit",
];

let lab: Lab<keyof typeof TOPOLOGY>;
let stack: Stack;
let relay: LabNode;
let urns: Record<string, string>;
let before: Wire;

/** All that a replacement must leave as it is. */
interface Wire {
    publicKey: string;
    peers: [string, LivePeer][];
    firewall: string;
    listeners: string;
    addresses: string;
    outputs: unknown;
}

async function wire(): Promise<Wire> {
    const { interface: device } = stack.declared;
    const { configs, caCertificate } = await stack.outputs();
    return {
        publicKey: await relay.run(["wg", "show", device, "public-key"]),
        peers: [...(await livePeers(relay, device))],
        firewall: await relay.run(["nft", "-s", "list", "ruleset"]),
        listeners: await relay.run(["bash", "-c", "ss -Hltn | awk '{ print $4 }' | sort"]),
        addresses: await relay.run(["bash", "-c", `ip -o address show dev ${device} | awk '{ print $4 }'`]),
        outputs: { configs, caCertificate },
    };
}

beforeAll(async () => {
    lab = await Lab.create("replace");
    relay = lab.node("relay");
    stack = await Stack.create({
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        peers: [{ name: "alice" }, { name: "bob", address: "10.8.0.77" }, { name: "carol" }],
        services: [
            { name: "notes", upstream: { peer: "bob", port: 3000 }, allow: ["alice"] },
            { name: "wiki", upstream: "198.51.100.66:80", port: 8480, allow: "everyone" },
        ],
        grants: [{ from: "alice", to: "bob", ports: ["tcp/22"] }],
    });
    await stack.up();
    // Addresses and ports that a fresh allocation would not give: the first names are gone.
    stack.declare({ peers: [{ name: "bob", address: "10.8.0.77" }, { name: "carol" }, { name: "alice" }] });
    urns = Object.fromEntries(Object.entries(await stack.state()).map(([name, { urn }]) => [name, urn]));
    before = await wire();
});

afterAll(() => {
    lab?.close();
    stack?.close();
});

it.each(RESOURCES.map((name, index) => [name, RESOURCES[(index + 5) % RESOURCES.length]!]))(
    "up --replace of %s, with %s tainted, changes nobody's address or key and leaves the wire as the program says",
    async (replaced, tainted) => {
        await stack.succeed(["state", "taint", "--yes", urns[tainted]!]);
        expect(await stack.up("--replace", urns[replaced]!)).toContain("+-2 replaced");
        expect(await wire()).toStrictEqual(before);
    },
);

it("is quiet afterwards", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
    await stack.destroy();
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
});
