import { presharedKey, publicKeyOf } from "../../../../../core/keys/index.js";
import { sentencesOf } from "../../../../../providers/resources/effects.js";
import { wireguardParts } from "../../../../../providers/resources/wireguard/wireguard.js";
import { desiredPeers } from "../../../../../providers/resources/wireguard/desired.js";
import type { WireGuardInputs } from "../../../../../providers/resources/wireguard/inputs.js";
import { renderInterfaces } from "../../../../../providers/resources/wireguard/epochs.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { changeOf, KEYS, peer, RELAY_PRIVATE_KEY, wireInputs } from "../relays.js";

const LEAF = { name: "nas", keyEpoch: 2, admitted: 1, endpoint: "198.51.100.2:51820", keepalive: 25 };

/** WireGuard's inputs on the machine of nas. */
function leafInputs(more: object = {}, routes = ["10.8.0.0/24"]) {
    const hub = peer("10.8.0.1", { routes });
    return wireInputs(
        { hub },
        {
            ...{ relay: "hub/nas", role: "leaf", address: "10.8.0.4", prefix: 32, listenPort: 0 },
            ...{ publicKeys: { hub: KEYS.alice }, leaf: LEAF, ...more },
        },
    );
}

const said = (...versions: Parameters<typeof changeOf>) => sentencesOf(wireguardParts, changeOf(...versions));

it("has the relay as its one peer, with the key that the relay derives for it", () => {
    const args = leafInputs({}, ["10.8.0.0/24", "192.168.9.0/24"]) as unknown as WireGuardInputs;
    const own = publicKeyOf(RELAY_PRIVATE_KEY);
    expect(desiredPeers(args)).toEqual([
        {
            name: "hub",
            publicKey: KEYS.alice,
            presharedKey: presharedKey(args.seed ?? "", { name: "nas", publicKey: own, keyEpoch: 2, admitted: 1 }),
            allowedIps: ["10.8.0.0/24", "10.8.0.1/32", "192.168.9.0/24"],
            keepalive: 25,
            endpoint: "198.51.100.2:51820",
        },
    ]);
    expect(renderInterfaces(args, "wg0")).toBe(`wg0\t0\t1\t${own}\n`);
    const given = leafInputs({ presharedKeys: { hub: "none" } }) as unknown as WireGuardInputs;
    expect(desiredPeers(given)[0]!.presharedKey).toBe("");
});

it("says where it connects, and what a change of the relay means for it", () => {
    const now = leafInputs();
    expect(said(undefined, now)).toEqual(["hub/nas: wg0 connects to the relay at 198.51.100.2:51820, to 10.8.0.0/24"]);
    const early = leafInputs({ leaf: { ...LEAF, endpoint: UNKNOWN } });
    expect(said(undefined, early)).toEqual(["hub/nas: wg0 connects to the relay, to 10.8.0.0/24"]);
    const next = { ...LEAF, endpoint: "198.51.100.2:51821" };
    expect(said(now, leafInputs({ leaf: next, publicKeys: { hub: KEYS.bob } }))).toEqual([
        "hub/nas: follows the relay at 198.51.100.2:51821; interrupted for one handshake",
    ]);
    expect(said(now, leafInputs({}, ["10.8.0.0/24", "192.168.9.0/24"]))).toEqual([
        "hub/nas: routes 10.8.0.0/24 and 192.168.9.0/24 to the relay; other connections continue",
    ]);
    expect(said(now, leafInputs({ leaf: { ...LEAF, keyEpoch: 3 } }))).toEqual([
        "hub/nas: gets its new key; interrupted for one handshake",
    ]);
    expect(said(now, leafInputs({ mtu: 1380 }))).toEqual([
        "hub/nas: its MTU changes from 1420 to 1380: connections continue",
    ]);
});
