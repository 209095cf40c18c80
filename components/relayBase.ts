import * as pulumi from "@pulumi/pulumi";

import { epochPlaces } from "../core/keys/epochs.js";
import { relayIdOf } from "../core/relayIdentity.js";
import { machineFor } from "./machine.js";
import { Managed, secretChild } from "./managed.js";
import { managedPlaces } from "./managedPeer.js";
import { missingKeys } from "./missingKeys.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { registryRequest } from "./registryRequest.js";
import { ofEveryPeer, type RelayBase } from "./relayOnHost.js";

/** What a relay has before anything of it is on its machine: a place, an identity, and an address or a port for every name. */
export function relayBase(
    parent: pulumi.Resource,
    name: string,
    resolved: ResolvedRelay,
    { retainOnDelete }: pulumi.ComponentResourceOptions = {},
): RelayBase {
    const { plain, audit } = resolved;
    const names = { relay: name, audit, appName: plain.appName, interface: plain.interface };
    const listenPorts = epochPlaces(plain.keyEpochs, plain.interface, plain.listenPort).map(({ port }) => port);
    const leaves = managedPlaces(resolved);
    const machine = machineFor(parent, { ...names, ...leaves, listenPorts }, resolved);
    const seed = new Managed(
        "Seed",
        `${name}-seed`,
        { relay: name, audit, ...givenSeed(plain), ...onlyInState(resolved), ...missingFrom(parent, name, resolved) },
        secretChild(parent)("seed"),
    );
    // Nothing can be read from it of the seed, which an update of other targets may not have yet.
    const relayId = pulumi.unsecret(
        seed.output("seed").apply((known: string | undefined) => known && relayIdOf(known)),
    );
    const place = { ...names, relayId, ...machine.inputs };
    // Names: addresses and ports are known from here on, also in a preview.
    const registry = new Managed(
        "Registry",
        `${name}-registry`,
        { ...place, ...leaves, ...registryRequest(resolved) },
        { parent, dependsOn: [] },
    );
    return {
        ...{ parent, name, resolved, machine, registry, seed, leaves },
        place: { ...place, confirmTimeout: plain.confirmTimeout },
        ledger: pulumi
            .all([registry.output("peers"), registry.output("services"), resolved.supplied])
            .apply(([peers, services, supplied]) => ({ peers, services, supplied })),
        letGo: retainOnDelete === true ? { retained: true as const } : {},
    };
}

function givenSeed({ seed }: ResolvedRelay["plain"]): pulumi.Inputs {
    return seed === undefined ? {} : { seed: pulumi.secret(seed as pulumi.Input<string>) };
}

function missingFrom(parent: pulumi.Resource, name: string, resolved: ResolvedRelay): pulumi.Inputs {
    const missing = missingKeys(parent, name, resolved);
    return missing === undefined ? {} : { missing };
}

/** What would be lost with the state: whether the relay's own key, and how many peers have a key or a preshared key that only the state knows. */
function onlyInState(resolved: ResolvedRelay): pulumi.Inputs {
    const { plain, host } = resolved;
    const keepsKey = plain.identity === "host" || plain.privateKey !== undefined || host.descriptor.kind === "script";
    const dependent = ofEveryPeer(
        resolved,
        (peers) =>
            peers.filter(
                ({ knownKey, presharedKey }) =>
                    knownKey === undefined || (presharedKey === undefined && plain.seed === undefined),
            ).length,
    );
    return {
        loses: { relayKey: !keepsKey, peers: dependent },
        ...(plain.replaceLostKeys === undefined ? {} : { replaceLostKeys: plain.replaceLostKeys }),
    };
}
