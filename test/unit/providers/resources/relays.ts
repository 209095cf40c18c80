import type { RegistryPeer } from "../../../../core/registry/model.js";
import type { Change } from "../../../../providers/resources/relay/change.js";
import type { Properties } from "../../../../providers/resources/resource.js";

/** Public keys: RFC 7748's Alice and Bob, and two more. */
export const KEYS = {
    alice: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
    bob: "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=",
    carol: "Z2VuZXJhdGVkIGtleSBvZiBjYXJvbCwgMzIgYnl0ZSE=",
    dave: "YW5vdGhlciAzMiBieXRlcyBmb3IgYSBrZXkgb2YgZGE=",
};

/** "a private key of nothing but tests". */
export const RELAY_PRIVATE_KEY = "YSBwcml2YXRlIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";

/** A peer of a registry; by default without routes, in her first epoch. */
export function peer(address: string, more: Partial<RegistryPeer> = {}): RegistryPeer {
    return { address, ...more };
}

/** Inputs of WireGuard with defaults for everything that a test does not say. */
export function wireInputs(peers: Record<string, RegistryPeer>, more: Properties = {}): Properties {
    return {
        relay: "hub",
        appName: "qp-tunnel",
        interface: "wg0",
        host: { kind: "local" },
        machine: "m1",
        address: "10.8.0.1",
        prefix: 24,
        listenPort: 51820,
        mtu: 1420,
        epochs: [1],
        privateKeys: { 1: RELAY_PRIVATE_KEY },
        seed: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        publicKeys: {},
        presharedKeys: {},
        peers,
        ...more,
    };
}

/** A change of WireGuard's inputs; without `before` it is the first apply. */
export function changeOf(before: Properties | undefined, inputs: Properties): Change {
    return {
        ...(before === undefined ? {} : { before: { inputs: before, outputs: {} } }),
        inputs,
        context: {} as Change["context"],
    };
}
