import { publicKeyOf } from "../../../../../core/keys/index.js";
import { keptPeers, parsePeers, rowOf } from "../../../../../core/protocol/peers.js";
import type { Answers } from "../../../../../core/protocol/steps.js";
import type { RegistryPeer } from "../../../../../core/registry/model.js";
import { desiredPeers, renderNetwork } from "../../../../../providers/resources/wireguard/desired.js";
import { readWireGuard, resolved } from "../../../../../providers/resources/wireguard/inputs.js";
import { wireguard, wireguardParts } from "../../../../../providers/resources/wireguard/wireguard.js";
import { type Properties, UNKNOWN } from "../../../../../providers/resources/resource.js";
import { scratchProject } from "../../audit/scratch.js";
import { contextOf } from "../relay/lifecycle.js";
import { changeOf, KEYS, peer, registered, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";
import { dumpOf } from "./dump.js";

scratchProject();
const OWN = publicKeyOf(RELAY_PRIVATE_KEY);
const PSK = "cHJlc2hhcmVkIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";
const alice = peer("10.8.0.2", { publicKey: KEYS.alice });
const carol = peer("10.8.0.4");

/** A relay's interface as it is to be, as a refresh finds it. */
function healthy(peers: Record<string, RegistryPeer>): Answers<"read"> {
    const args = resolved(wireInputs(peers));
    const wanted = desiredPeers(args);
    return {
        files: "",
        interfaces: `wg0\t51820\t1\t${OWN}\n`,
        "dump.wg0": dumpOf(wanted),
        "network.wg0": "address 10.8.0.1/24\nforwarding 1\nup 1\nmtu 1420\n",
        "kept.peers": keptPeers.render(wanted.map((each) => ({ ...rowOf(each), presharedKey: true }))),
        "kept.network": renderNetwork(args),
    };
}

describe("a change", () => {
    const changesBetween = async (olds: Properties, news: Properties, outputs: Properties = {}): Promise<string[]> => {
        const { changes } = await wireguard.diff("id", olds, outputs, news, contextOf());
        return Object.keys(changes);
    };

    it("of a peer that comes or goes is one change, not one in each map", async () => {
        const more = { publicKeys: { carol: KEYS.carol }, presharedKeys: { carol: PSK } };
        expect(await changesBetween(wireInputs({ alice }), wireInputs({ alice, carol }, more))).toEqual([
            "peers.carol",
        ]);
        expect(await changesBetween(wireInputs({ alice, carol }, more), wireInputs({ alice }))).toEqual([
            "peers.carol",
        ]);
    });

    it("of a key or preshared key alone is named where it is", async () => {
        const before = wireInputs({ carol }, { publicKeys: { carol: KEYS.carol } });
        const after = wireInputs({ carol }, { publicKeys: { carol: KEYS.dave }, presharedKeys: { carol: PSK } });
        expect(await changesBetween(before, after)).toEqual(["publicKeys.carol", "presharedKeys.carol"]);
    });

    it("that brings a revoked key back is refused", async () => {
        const registry = {
            alice: registered({ ...alice, status: "revoked", revokedAt: "2027-01-01T00:00:00Z", by: "bob" }),
        };
        await expect(changesBetween(wireInputs({}), wireInputs({ alice }), { registry })).rejects.toThrow(
            /^peers\.alice\.publicKey: SHA256:\S+ was revoked on 2027-01-01T00:00:00Z as alice; use a new key, or set `reinstate: true` on the peer of that name$/,
        );
    });

    it("tells of a rotation that is open whatever else it is about", async () => {
        const inputs = wireInputs({ alice }, { epochs: [1, 2] });
        const context = contextOf();
        await wireguard.diff("id", inputs, { onEpoch: { alice: 2 } }, inputs, context);
        expect(context.said).toContain(
            "info: hub: key epochs 1 and 2 are open: 1 of 1 peer was using epoch 2 at the last check; keyEpochs [2] ends the rotation",
        );
    });
});

it("keys of peers that are not in the registry are left out before anything is compared", () => {
    const inputs = { ...wireInputs({ alice }, { publicKeys: { gone: KEYS.carol }, presharedKeys: { gone: PSK } }) };
    expect(wireguardParts.complete?.(inputs, undefined)).toMatchObject({ publicKeys: {}, presharedKeys: {} });
});

it("the relay is told everything that an interface is filled from, and which keys go", async () => {
    const before = wireInputs({ alice, bob: peer("10.8.0.3", { publicKey: KEYS.bob }) });
    const inputs = wireInputs({ alice: { ...alice, publicKey: KEYS.dave } }, { keyOverlap: 3600, forceRetire: 1 });
    const { values, files = {} } = await wireguardParts.desired(changeOf(before, inputs));
    expect(values).toMatchObject({ overlap: 3600, force: 1 });
    const { peers, ...others } = files;
    expect(others).toEqual({
        interfaces: `wg0\t51820\t1\t${OWN}\n`,
        "key.wg0": `${RELAY_PRIVATE_KEY}\n`,
        rekeyed: `${KEYS.dave}\t${KEYS.alice}\n`,
        formers: expect.stringContaining(KEYS.alice) as string,
        gone: `${KEYS.bob}\t10.8.0.3/32\n${KEYS.alice}\t\n`,
        network: renderNetwork(resolved(inputs)),
    });
    expect(parsePeers(peers)).toEqual(desiredPeers(resolved(inputs)).map(rowOf));
});

describe("a refresh", () => {
    const drift = (outputs: Properties, more: Answers<"read">): string[] =>
        wireguardParts
            .drift(wireInputs({ alice }), wireguardParts.parseOutputs(outputs), { ...healthy({ alice }), ...more })
            .map(({ kind }) => kind);

    it("finds no difference on a healthy relay, and each kind of difference elsewhere", () => {
        expect(drift({}, {})).toEqual([]);
        expect(drift({}, { "network.wg0": healthy({})["network.wg0"]!.replace("1420", "1280") })).toEqual(["mtu"]);
        expect(drift({}, { moving: `${KEYS.alice}\t${KEYS.carol}\t1767225600\n` })).toEqual(["former key"]);
        expect(drift({}, { "kept.peers": "" })).toEqual(["record of peers"]);
        expect(drift({}, { sysctls: "net/ipv4/ip_forward\t1\t0\n" })).toEqual(["sysctl"]);
    });

    it("compares keys that are made on the relay with what the last apply read back", () => {
        const inputs = readWireGuard({ ...wireInputs({ alice }), privateKeys: {}, identity: "host" });
        const kinds = (publicKey: string): string[] => {
            const epochs = { 1: { interface: "wg0", port: 51820, publicKey } };
            const outputs = wireguardParts.parseOutputs({ epochs });
            return wireguardParts.drift(inputs, outputs, healthy({ alice })).map(({ kind }) => kind);
        };
        expect(kinds(OWN)).toEqual([]);
        expect(kinds(KEYS.dave)).toEqual(["private key"]);
    });

    it("brings the epochs up to date, and of the registry only which former keys still work", () => {
        const registry = { alice: registered({ ...alice, replaces: KEYS.bob }) };
        const outputs = wireguardParts.parseOutputs({ registry, publicKey: KEYS.dave });
        expect(wireguardParts.observed?.(wireInputs({ alice }), outputs, healthy({ alice }))).toEqual({
            publicKey: OWN,
            epochs: { 1: { interface: "wg0", port: 51820, publicKey: OWN } },
            onEpoch: {},
            registry: { alice: registered({ ...alice }) },
        });
    });
});

it("a preview knows the registry where no peer changes", () => {
    const registry = { alice: registered({ ...alice }) };
    const previewed = (now: Record<string, RegistryPeer>): unknown =>
        wireguardParts.previewOutputs(changeOf(wireInputs({ alice }), wireInputs(now), { registry })).registry;
    expect(previewed({ alice })).toEqual(registry);
    expect(previewed({})).toBe(UNKNOWN);
    expect(wireguardParts.previewOutputs(changeOf(undefined, wireInputs({ alice })))).toMatchObject({
        publicKey: OWN,
        registry: UNKNOWN,
    });
});

it("a managed peer's machine records what it is connected to instead of peers", () => {
    const leaf = { name: "nas", keyEpoch: 1, admitted: 1, endpoint: "192.0.2.1:51820", keepalive: 25 };
    const inputs = wireInputs({ hub: alice }, { relay: "hub/nas", role: "leaf", leaf });
    expect(wireguardParts.begin(changeOf(undefined, inputs)).action).toBe("interface_apply");
    expect(wireguardParts.begin(changeOf(undefined, wireInputs({ alice }))).action).toBe("peers_apply");
});

it("a peer that was removed first and is listed is a difference that the apply undoes", () => {
    const removed = { keys: new Set([KEYS.alice]), rules: new Set<string>(), services: new Set<string>() };
    const change = { ...changeOf(wireInputs({ alice }), wireInputs({ alice })), removed };
    expect(wireguardParts.restored?.(change)).toEqual([
        { kind: "peer", name: "alice", sentence: "alice was removed first and is added again" },
    ]);
});
