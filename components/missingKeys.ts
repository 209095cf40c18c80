import type * as pulumi from "@pulumi/pulumi";

import { unpacked } from "../core/packed/index.js";
import type { RegisteredPeer } from "../core/registry/model.js";
import { authorityNames } from "./authorities.js";
import { type Outputs, resourceInState, stateOutputs } from "./kept.js";
import { generatedEpochs } from "./relayOnHost.js";
import type { ResolvedRelay } from "./relayArguments.js";

/** Keys that the state may have lost, by kind, and all that it has: words separated by spaces. */
export interface MissingKeys {
    epochs?: string;
    peers?: string;
    authorities?: string;
    held?: string;
}

/**
 * Generated keys that are not in the state, or that the interface uses in another version than the state has. Most of them are new, and
 * the plugin asks the log which of them are not: the relay's seed is told, before anything else of the relay.
 *
 * @returns undefined where there is nothing to ask
 */
export function missingKeys(
    parent: pulumi.Resource,
    name: string,
    resolved: ResolvedRelay,
): Promise<MissingKeys | undefined> | undefined {
    const known = stateOutputs();
    return known?.then((state) => compare(state, parent, name, resolved));
}

async function compare(
    state: ReadonlyMap<string, Outputs>,
    parent: pulumi.Resource,
    name: string,
    resolved: ResolvedRelay,
): Promise<MissingKeys | undefined> {
    const find = async (type: string, child: string): Promise<Outputs | undefined> =>
        (await resourceInState(`qptunnel:index:${type}`, child, parent))?.outputs;
    const held = heldKeys(state);
    const generated = resolved.peers.filter(({ privateKey }) => privateKey !== undefined).map((peer) => peer.name);
    const used = await keysInUse(find, name, generated);
    const isNotHeld = (key: string | undefined): boolean => key !== undefined && !held.has(key);
    const epochs = generatedEpochs(resolved).map(String);
    const authorities = await Promise.all(
        Object.entries(authorityNames(name, resolved)).map(async ([algorithm, child]) =>
            (await find("CertificateAuthority", child)) === undefined ? [algorithm] : [],
        ),
    );
    const missing = {
        epochs: epochs.filter((epoch) => used === undefined || isNotHeld(used.epochs[epoch])),
        peers: generated.filter((peer) => used === undefined || isNotHeld(used.peers[peer])),
        authorities: authorities.flat(),
    };
    const asked = Object.entries(missing).filter(([, all]) => all.length > 0);
    if (asked.length === 0) return undefined;
    return Object.fromEntries(
        [...asked, ["held", [...held].sort()] as const].map(([kind, all]) => [kind, all.join(" ")]),
    );
}

/** Public keys of all key pairs in the state, with those that they replaced. */
function heldKeys(state: ReadonlyMap<string, Outputs>): Set<string> {
    const held = new Set<string>();
    for (const [urn, { publicKey, former }] of state) {
        if (!KEY_PAIR.test(urn)) continue;
        for (const key of [publicKey, ...(Array.isArray(former) ? (former as unknown[]) : [])])
            if (typeof key === "string") held.add(key);
    }
    return held;
}

const KEY_PAIR = /(?:::|\$)qptunnel:index:KeyPair::[^:]*$/;

interface KeysInUse {
    epochs: Record<string, string | undefined>;
    peers: Record<string, string | undefined>;
}

/** What was read back from the relay last, of itself and of some peers; undefined where the state has nothing of that. */
async function keysInUse(
    find: (type: string, child: string) => Promise<Outputs | undefined>,
    name: string,
    peers: string[],
): Promise<KeysInUse | undefined> {
    const outputs = (await find("WireGuard", `${name}-wireguard`)) ?? (await find("Script", `${name}-script`));
    if (outputs === undefined) return undefined;
    // Of ten thousand peers few have generated keys.
    const all = (outputs["registry"] ?? {}) as Record<string, unknown>;
    const some = Object.fromEntries(peers.filter((peer) => peer in all).map((peer) => [peer, all[peer]]));
    const { registry, epochs } = unpacked("WireGuard", { registry: some, epochs: outputs["epochs"] });
    const keysOf = (all: unknown, isUsed: (entry: Partial<RegisteredPeer>) => boolean): KeysInUse["peers"] =>
        Object.fromEntries(
            Object.entries((all ?? {}) as Record<string, Partial<RegisteredPeer>>).map(([key, entry]) => [
                key,
                isUsed(entry) ? entry.publicKey : undefined,
            ]),
        );
    return { epochs: keysOf(epochs, () => true), peers: keysOf(registry, ({ status }) => status === "active") };
}
