import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { nameOf, Stack } from "../../lab/stack.js";
import { livePeers, spoken, type LivePeer } from "./fixtures.js";
import { savedResources, upKilledAtSave } from "./interrupted.js";

jest.setTimeout(300_000);

const RESOURCES = [
    "alice-key",
    "relay-key",
    "relay-seed",
    "relay-registry",
    "relay-ca",
    "relay-ca-ecdsa-p256",
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

/** What would be said if any of them changed. */
const LOSS = /new key|new preshared key|own key|new CA|cut off|moves from|will be added/;

it("up --replace of everything keeps keys, addresses and authorities, and the preview says nothing else", async () => {
    const said = spoken(await stack.preview("--replace", "**"));
    expect(said.filter((sentence) => LOSS.test(sentence))).toEqual([]);
    expect(await stack.up("--replace", "**")).toContain("+-22 replaced");
    expect(await wire()).toStrictEqual(before);
});

it("a taint of a generated peer's key is not called a new key, and is none", async () => {
    await stack.succeed(["state", "taint", "--yes", urns["alice-key"]!]);
    expect(spoken(await stack.preview()).filter((sentence) => LOSS.test(sentence))).toEqual([]);
    await stack.up();
    expect(await wire()).toStrictEqual(before);
});

it("saves no state, while it replaces everything, in which a key, seed or authority is only in what is to be deleted", async () => {
    stack.env["PULUMI_DIY_BACKEND_RETAIN_CHECKPOINTS"] = "true";
    await stack.up("--replace", "**");
    delete stack.env["PULUMI_DIY_BACKEND_RETAIN_CHECKPOINTS"];
    const saved = savedResources(stack);
    expect(saved.length).toBeGreaterThan(20);
    const secrets = Object.values(urns).filter((urn) => /:(KeyPair|Seed|CertificateAuthority)::/.test(urn));
    expect(secrets).toHaveLength(7);
    const lost = saved.flatMap((resources, save) => {
        const kept = new Set(resources.filter((resource) => resource.delete !== true).map(({ urn }) => urn));
        return secrets.filter((urn) => !kept.has(urn)).map((urn) => `${nameOf(urn)} in save ${save + 1}`);
    });
    expect(lost).toEqual([]);
    expect(await wire()).toStrictEqual(before);
});

/** Of the saves of the state in an update that replaces everything: those at which it is killed. SLOW=1 tries them all. */
const SAVES = process.env["SLOW"] === "1" ? Array.from({ length: 60 }, (_, index) => index + 1) : [4, 11, 27];

it.each(SAVES)(
    "killed when the state is saved for the %i. time, a replacement of everything loses nothing",
    async (nth) => {
        await stack.succeed(["state", "taint", "--yes", ...Object.values(urns)]);
        await upKilledAtSave(stack, nth);
        await stack.succeed(["cancel", "--yes"]);
        await stack.up();
        expect(await wire()).toStrictEqual(before);
    },
);

it("is quiet afterwards", async () => {
    await stack.refresh("--expect-no-changes");
    await stack.preview("--expect-no-changes");
    await stack.destroy();
    expect(await relay.run(["nft", "list", "ruleset"])).toBe("");
});
