import { cpSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack, type StateResource } from "../../lab/stack.js";
import { livePeers, reasons, spoken, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const people = withKeys("alice", "bob");
const IMPORTED = ["Host", "Firewall", "WireGuard", "Proxy"] as const;
const logical = (type: string): string => `relay-${type.toLowerCase()}`;

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode;
/** Whose relay it is, and the same stack elsewhere, whose state was lost. */
let stack: Stack;
let lost: Stack;
let bare: Stack | undefined;
/** Whose log has the last change of the relay. */
let owner: Stack;

beforeAll(async () => {
    lab = await Lab.create("import");
    relay = lab.node("relay");
    const declared = {
        namespace: relay.namespace,
        interface: lab.interface("relay"),
        listenPort: 4500,
        subnet6: "fd12:3456:789a::/64",
        routes: ["192.168.50.0/24"],
        peers: [
            ...people.map(({ name, publicKey }) => ({ name, publicKey })),
            { name: "nas", routes: ["192.168.7.0/24"], presharedKey: "none" },
        ],
        services: [
            { name: "notes", upstream: { peer: "nas", port: 3000 }, allow: ["alice"], certificate: "ecdsa-p256" },
            { name: "wiki", upstream: "198.51.100.66:80", allow: "everyone", keyExchange: "prefer" },
        ],
    };
    stack = await Stack.create(declared);
    await stack.up();
    lost = await withLogOf(stack);
    owner = stack;
});

afterAll(async () => {
    await owner?.destroy();
    bare?.close();
    lost?.close();
    lab?.close();
    stack?.close();
});

/** The same program and log, and no state. */
async function withLogOf(other: Stack): Promise<Stack> {
    const copy = await Stack.create(other.declared);
    for (const name of ["audit", "config"])
        cpSync(join(other.folder, name), join(copy.folder, name), { recursive: true });
    return copy;
}

function withoutSince({ outputs }: StateResource): unknown {
    const registry = outputs["registry"] as Record<string, { since: string }>;
    return Object.entries(registry).map(([name, { since: _, ...entry }]) => [name, entry]);
}

function importFile(id: string): void {
    lost.file("import.json", {
        nameTable: {},
        resources: [
            { type: "qptunnel:index:Relay", name: "relay", component: true },
            ...IMPORTED.map((type) => ({ type: `qptunnel:index:${type}`, name: logical(type), id, parent: "relay" })),
        ],
    });
}

const IMPORT = ["import", "--yes", "--skip-preview", "--protect=false", "--generate-code=false", "--file"];

it("imports a running relay by host and interface, with what the program gave and what the wire says", async () => {
    importFile(`namespace:${relay.namespace}/${stack.declared.interface}`);
    await lost.succeed([...IMPORT, join(lost.folder, "import.json")]);
    const [original, found] = [await stack.state(), await lost.state()];
    for (const type of IMPORTED) {
        const [before, after] = [original[logical(type)]!, found[logical(type)]!];
        expect({ type, id: after.id, urn: after.urn }).toStrictEqual({ type, id: before.id, urn: before.urn });
        const {
            audit: _,
            seed: _seed,
            presharedKeys,
            publicKeys,
            peers,
            authorities: _a,
            authorityKeys: _k,
            // What only the program says, and nobody compares.
            admitted: _list,
            listed: _listed,
            peerNames: _names,
            reached: _reached,
            ...inputs
        } = before.inputs;
        expect(after.inputs).toMatchObject(inputs);
        if (type === "WireGuard") {
            // What was derived or generated is known by its result.
            expect(after.inputs["peers"]).toMatchObject(peers as object);
            expect((after.inputs["peers"] as Record<string, { publicKey: string }>)["nas"]!.publicKey).toBe(
                (publicKeys as Record<string, string>)["nas"],
            );
            expect(after.inputs["presharedKeys"]).toMatchObject(presharedKeys as object);
            // The log tells since when within the moment in which it was written.
            expect(withoutSince(after)).toStrictEqual(withoutSince(before));
            expect(after.outputs["publicKey"]).toBe(before.outputs["publicKey"]);
        }
        if (type === "Firewall") expect(after.outputs["chains"]).toStrictEqual(before.outputs["chains"]);
        expect(after.outputs["drift"]).toStrictEqual({});
    }
    const keys = Object.values(original["relay-wireguard"]!.inputs["privateKeys"] as Record<string, string>);
    const { stdout } = await lost.succeed(["stack", "export"]);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(stdout).not.toContain(key);
    await lost.refresh("--expect-no-changes");
});

it("refuses to make new keys for a relay that is there, until the program says so, and then says whose configurations end", async () => {
    const text = reasons(await lost.fail(["preview"])).join("\n");
    const { hash } = lost.log().findLast(({ action }) => action === "peers_apply")!.capsule;
    const { sequence } = lost.log().findLast(({ action }) => action === "peers_apply")!.capsule;
    expect(text).toContain(
        `relay relay: the state does not have the keys of this relay, and the log (line ${sequence}) says that the relay exists: a new relay key and new preshared keys are generated, and every configuration in use stops working; restore the state, or copy the keys from the relay (docs/adopting.md), or set replaceLostKeys: "${hash}" to generate new ones`,
    );
    lost.declare({ replaceLostKeys: hash });
    expect(spoken(await lost.preview())).toContain(
        "relay: its keys were lost with the state: a new relay key and new preshared keys are generated; every configuration in use stops working until the new one is in use",
    );
    lost.declare({ replaceLostKeys: "0".repeat(64) });
    expect(reasons(await lost.fail(["preview"])).join("\n")).toContain("(replaceLostKeys refers to another record)");
});

it.each([
    ["nowhere/a/b/c", /is not a host and an interface/],
    ["namespace:nowhere/wg0", /there is no such network namespace/],
    ["root@192.0.2.1/wg0", /your known_hosts has no key of 192\.0\.2\.1/],
])("refuses %s", async (id, words) => {
    const text = await lost.fail([...IMPORT.slice(0, -1), "qptunnel:index:Host", "other", id]);
    expect(reasons(text).join("\n") + text).toMatch(words);
});

/** Carries out what the refusal says, and looks whether peers connect with what is handed out then. */
async function replaceLostKeys(of: Stack): Promise<void> {
    const { interface: device } = of.declared;
    const before = await livePeers(relay, device);
    const refused = reasons(await of.fail(["up", "--yes", "--skip-preview"])).join("\n");
    const [, hash] = /set replaceLostKeys: "([0-9a-f]{64})" to generate new ones/.exec(refused)!;
    expect([...(await livePeers(relay, device))]).toStrictEqual([...before]);
    of.declare({ replaceLostKeys: hash });
    owner = of;
    await of.up();

    const { configs } = await of.outputs<{ configs: Record<string, string> }>();
    const now = await livePeers(relay, device);
    // A generated key that was replaced has its time yet, without an address.
    const addresses = (peers: Map<string, unknown>): string[] => [...peers.keys()].filter((ips) => ips !== "(none)");
    expect(addresses(now)).toEqual(addresses(before));
    const relayKey = (await relay.run(["wg", "show", device, "public-key"])).trim();
    for (const name of ["alice", "bob"] as const) {
        const { publicKey, privateKey } = people.find((each) => each.name === name)!;
        const [ips, peer] = [...now].find(([, each]) => each.publicKey === publicKey)!;
        expect(before.get(ips)!.publicKey).toBe(publicKey);
        expect(peer.presharedKey).not.toBe(before.get(ips)!.presharedKey);
        expect(configs[name]).toContain(`PublicKey = ${relayKey}\nPresharedKey = ${peer.presharedKey}`);
        await lab.node(name).wgQuickUp(configs[name]!, lab.interface(name), privateKey);
        expect({ name, answers: await lab.node(name).ping("10.8.0.1") }).toEqual({ name, answers: true });
        await lab.node(name).wgQuickDown(lab.interface(name));
    }
    await of.refresh("--expect-no-changes");
    await of.preview("--expect-no-changes");
}

it("makes new keys as the refusal says, for a relay that was imported", () => replaceLostKeys(lost));

it("makes new keys as the refusal says, with nothing but the log", async () => {
    bare = await withLogOf(lost);
    bare.declare({ replaceLostKeys: undefined });
    await replaceLostKeys(bare);
    // Said once: the hash names a record that is not the newest any more, and nobody asks for it.
    bare.declare({ replaceLostKeys: undefined });
    await bare.preview("--expect-no-changes");
});
