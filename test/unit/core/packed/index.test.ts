import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isPacked, packed, packedPath, unpacked } from "../../../../core/packed/index.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const UNKNOWN = Symbol("unknown");

const ledger = {
    peers: { alice: { address: "10.8.0.2", publicKey: KEY }, nas: { address: "10.8.0.3", routes: ["192.168.7.0/24"] } },
    services: { wiki: { port: 8443 } },
    retired: { peers: { bob: { address: "", admitted: 2 } }, services: {}, keys: [KEY] },
};

it("a registry has a line for each peer, and nothing else of it changes", () => {
    const lines = packed("Registry", { ...ledger, relay: "office" });
    expect(lines).toStrictEqual({
        relay: "office",
        peers: { alice: `10.8.0.2 ${KEY}`, nas: "10.8.0.3 - routes 192.168.7.0/24" },
        services: { wiki: { port: 8443 } },
        retired: { peers: { bob: "- - admitted 2" }, services: {}, keys: KEY },
    });
    expect(unpacked("Registry", lines)).toStrictEqual({ ...ledger, relay: "office" });
    // A second time it is what it is.
    expect(packed("Registry", lines)).toStrictEqual(lines);
});

it("what a registry keeps for its replacement is one text", () => {
    const kept = packed("Registry", { kept: { ...ledger, publicKeys: { nas: KEY } } });
    expect(kept).toStrictEqual({ kept: { json: expect.any(String) as string } });
    expect(unpacked("Registry", kept)).toStrictEqual({ kept: { ...ledger, publicKeys: { nas: KEY } } });
});

it("names that are listed are one text; a list that would be read as another one stays", () => {
    expect(packed("WireGuard", { listed: ["alice", "nas"] })).toStrictEqual({ listed: "alice nas" });
    expect(unpacked("WireGuard", { listed: "alice nas" })).toStrictEqual({ listed: ["alice", "nas"] });
    for (const listed of [[], ["a b"], [""]]) {
        expect(packed("WireGuard", { listed })).toStrictEqual({ listed });
        expect(unpacked("WireGuard", { listed })).toStrictEqual({ listed });
    }
});

it("what is not known yet stays unknown, alone: the others are lines", () => {
    const peers = { alice: { address: UNKNOWN }, nas: UNKNOWN, bob: { address: "10.8.0.4" } };
    const lines = { peers: { alice: { address: UNKNOWN }, nas: UNKNOWN, bob: "10.8.0.4 -" } };
    expect(packed("WireGuard", { peers })).toStrictEqual(lines);
    expect(unpacked("WireGuard", lines)).toStrictEqual({ peers });
    expect(packed("WireGuard", { peers: UNKNOWN })).toStrictEqual({ peers: UNKNOWN });
});

it("a peer may have any name", () => {
    const peers = JSON.parse('{"__proto__":{"address":"10.8.0.2"},"json":{"address":"10.8.0.3"}}') as object;
    expect(unpacked("Registry", packed("Registry", { peers }))).toStrictEqual({ peers });
});

it("other resources travel as they are, and the wanted peers of an interface that is taken over as lines", () => {
    const grants = { rules: { alice: ["10.8.0.2 -> 10.8.0.3 tcp/22"] }, peers: { alice: { address: "10.8.0.2" } } };
    expect(packed("Grants", grants)).toBe(grants);
    const wanted = { mtu: 1420, peers: { alice: { address: "10.8.0.2" } } };
    const lines = { wanted: { mtu: 1420, peers: { alice: "10.8.0.2 -" } } };
    expect(packed("Firewall", { wanted })).toStrictEqual(lines);
    expect(unpacked("Firewall", lines)).toStrictEqual({ wanted });
});

it("a line that cannot be read is named by its path, and not quoted", () => {
    expect(() => unpacked("WireGuard", { peers: { alice: "10.8.0.2 - colour blue" } })).toThrow(
        /^peers\.alice: is not a peer that this version of pulumi-qp-tunnel can read; use the version /,
    );
});

it.each([
    ["peers.alice.address", "peers.alice"],
    ["peers.alice", "peers.alice"],
    ["peers", "peers"],
    ['peers["9x"].routes', 'peers["9x"]'],
    ["listenPort", "listenPort"],
    ["privateKeys.1", "privateKeys.1"],
])("a change of %s is shown at %s", (path, shown) => {
    expect(packedPath("WireGuard", path)).toBe(shown);
});

it("what is read again is the same entry, which nothing changes, and is written as it was read", () => {
    const read = (): Record<string, object> =>
        unpacked("WireGuard", { peers: { alice: `10.8.0.2 ${KEY}` } })["peers"] as Record<string, object>;
    const [first, second] = [read(), read()];
    expect(second["alice"]).toBe(first["alice"]);
    expect(Object.isFrozen(first["alice"])).toBe(true);
    expect(packed("WireGuard", { peers: { kim: first["alice"] } })).toEqual({ peers: { kim: `10.8.0.2 ${KEY}` } });
    expect(packed("WireGuard", { peers: { kim: { ...first["alice"], keyEpoch: 2 } } })).toEqual({
        peers: { kim: `10.8.0.2 ${KEY} epoch 2` },
    });
});

it("says which outputs a component unpacks", () => {
    expect(isPacked("WireGuard", "registry")).toBe(true);
    expect(isPacked("WireGuard", "epochs")).toBe(false);
    expect(isPacked("Grants", "peers")).toBe(false);
});

it.each(["0.1.0", "0.2.0"])("every peer in a state of version %s becomes a line, which says the same", (version) => {
    const path = join(__dirname, `../../../fixtures/relay-${version}/state.json`);
    const state = JSON.parse(readFileSync(path, "utf8")) as {
        deployment: { resources: { type: string; inputs?: object; outputs?: object }[] };
    };
    const lines = state.deployment.resources.flatMap(({ type, inputs = {}, outputs = {} }) => {
        const kind = type.replace("qptunnel:index:", "");
        return [inputs, outputs].flatMap((values) => {
            const lines = packed(kind, values as Record<string, unknown>);
            expect(unpacked(kind, lines)).toEqual(values);
            const ofPeers = ["peers", "registry"].filter((property) => isPacked(kind, property));
            return ofPeers.map((property) => lines[property]).flatMap((map) => Object.values(map ?? {}) as unknown[]);
        });
    });
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => typeof line !== "string")).toEqual([]);
});

it("leaves alone what is no plain map: an Output stays one", () => {
    class Output {
        readonly promise = Promise.resolve({});
    }
    const peers = new Output();
    expect(packed("Registry", { peers, supplied: { peers } })).toEqual({ peers, supplied: { peers } });
    expect((packed("Registry", { supplied: { peers } })["supplied"] as { peers: unknown }).peers).toBe(peers);
});
