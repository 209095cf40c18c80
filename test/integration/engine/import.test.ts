import { cpSync } from "node:fs";
import { join } from "node:path";
import { Lab, type LabNode, type TOPOLOGY } from "../../lab/index.js";
import { Stack, type StateResource } from "../../lab/stack.js";
import { reasons, withKeys } from "./fixtures.js";

jest.setTimeout(300_000);

const IMPORTED = ["Host", "Firewall", "WireGuard", "Proxy"] as const;
const logical = (type: string): string => `relay-${type.toLowerCase()}`;

let lab: Lab<keyof typeof TOPOLOGY>;
let relay: LabNode;
/** Whose relay it is, and the same stack elsewhere, whose state was lost. */
let stack: Stack;
let lost: Stack;

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
            ...withKeys("alice", "bob").map(({ name, publicKey }) => ({ name, publicKey })),
            { name: "nas", routes: ["192.168.7.0/24"], presharedKey: "none" },
        ],
        services: [
            { name: "notes", upstream: { peer: "nas", port: 3000 }, allow: ["alice"], certificate: "ecdsa-p256" },
            { name: "wiki", upstream: "198.51.100.66:80", allow: "everyone", keyExchange: "prefer" },
        ],
    };
    stack = await Stack.create(declared);
    await stack.up();
    lost = await Stack.create(declared);
    for (const name of ["audit", "config"])
        cpSync(join(stack.folder, name), join(lost.folder, name), { recursive: true });
});

afterAll(async () => {
    await stack?.destroy();
    lost?.close();
    lab?.close();
    stack?.close();
});

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

it.each([
    ["nowhere/a/b/c", /does not name a host and an interface/],
    ["namespace:nowhere/wg0", /there is no such network namespace/],
    ["root@192.0.2.1/wg0", /your known_hosts has no key of 192\.0\.2\.1/],
])("refuses %s", async (id, words) => {
    const text = await lost.fail([...IMPORT.slice(0, -1), "qptunnel:index:Host", "other", id]);
    expect(reasons(text).join("\n") + text).toMatch(words);
});
