import type { RegisteredPeer, RegistryPeer } from "../../../../core/registry/model.js";
import type { Change } from "../../../../providers/resources/relay/change.js";
import type { PlacedInputs } from "../../../../providers/resources/relay/placed.js";
import type { WireGuardChange } from "../../../../providers/resources/wireguard/change.js";
import { readWireGuard, type WireGuardPlan } from "../../../../providers/resources/wireguard/inputs.js";
import { readWireGuardOutputs } from "../../../../providers/resources/wireguard/outputs.js";
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

/** Which relay, where, which log: what all of its resources are told. */
export const PLACE: PlacedInputs = {
    relay: "hub",
    appName: "qp-tunnel",
    interface: "wg0",
    host: { kind: "local" },
    audit: { path: "audit.jsonl", project: "p", stack: "s" },
};

/** A peer of a registry; by default without routes, in its first epoch. */
export function peer(address: string, more: Partial<RegistryPeer> = {}): RegistryPeer {
    return { address, ...more };
}

/** A peer as the registry has it; active, unless a test says something else. */
export function registered(more: Partial<RegisteredPeer>): RegisteredPeer {
    return { address: "", publicKey: "", fingerprint: "", status: "active", since: "", ...more };
}

/** Inputs of WireGuard with defaults for everything that a test does not say. */
export function wireInputs(peers: Record<string, RegistryPeer>, more: Properties = {}): WireGuardPlan {
    return readWireGuard({
        ...PLACE,
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
        routes: [],
        peers,
        ...more,
    });
}

/** A change of WireGuard's inputs; without `before` it is the first apply. */
export function changeOf(
    before: Properties | undefined,
    inputs: Properties,
    outputs: Properties = {},
): WireGuardChange {
    const then = (olds: Properties): WireGuardChange["before"] => ({
        inputs: readWireGuard(olds),
        outputs: readWireGuardOutputs(outputs),
    });
    return {
        ...(before === undefined ? {} : { before: then(before)! }),
        inputs: readWireGuard(inputs),
        context: {} as Change["context"],
    };
}
