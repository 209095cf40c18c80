import { admittedOf, keyEpochOf, routesOf } from "../../core/registry/defaults.js";
import type { RegistryPeer } from "../../core/model.js";
import { same } from "./changes.js";
import { UNKNOWN, type Properties } from "./resource.js";

/** What happens to one peer. */
export interface PeerChange {
    kind: "add" | "remove" | "rename" | "rekey" | "readdress" | "reroute" | "expiry" | "preshared";
    name: string;
    /** As she is after the change; before it, for a removal. */
    peer: RegistryPeer;
    before?: RegistryPeer;
    /** undefined while a key is not generated yet. */
    publicKey?: string | undefined;
    oldPublicKey?: string | undefined;
    /** For a rename: the name she had. */
    formerly?: string;
}

interface Versions {
    before?: { inputs: Properties } | undefined;
    inputs: Properties;
}

/** Old inputs against new ones, a change a peer, sorted by name. Who has the same key under a new name was renamed. */
export function peerChanges({ before, inputs }: Versions): PeerChange[] {
    const olds = before?.inputs ?? {};
    const then = peersOf(olds);
    const now = peersOf(inputs);
    const gone = new Set(Object.keys(then).filter((name) => !(name in now)));
    const goneByKey = new Map([...gone].map((name) => [keyOf(olds, name), name]));
    const changes: PeerChange[] = [];
    for (const [name, peer] of Object.entries(now)) {
        const was = then[name];
        const publicKey = keyOf(inputs, name);
        if (was === undefined) {
            const formerly = publicKey === undefined ? undefined : goneByKey.get(publicKey);
            if (formerly === undefined) changes.push({ kind: "add", name, peer, publicKey });
            else {
                gone.delete(formerly);
                goneByKey.delete(publicKey);
                changes.push({ kind: "rename", name, peer, publicKey, formerly });
            }
            continue;
        }
        const oldPublicKey = keyOf(olds, name);
        const common = { name, peer, before: was, publicKey, oldPublicKey };
        if (publicKey !== oldPublicKey || unknownKey(inputs, name)) changes.push({ kind: "rekey", ...common });
        else if (was.address !== peer.address || was.address6 !== peer.address6)
            changes.push({ kind: "readdress", ...common });
        else if (!same(routesOf(was), routesOf(peer))) changes.push({ kind: "reroute", ...common });
        else if (
            // Of a key that she brought, a new epoch changes the preshared key alone.
            keyEpochOf(was) !== keyEpochOf(peer) ||
            admittedOf(was) !== admittedOf(peer) ||
            !same(pskOf(olds, name), pskOf(inputs, name)) ||
            olds.seed !== inputs.seed
        ) {
            changes.push({ kind: "preshared", ...common });
        } else if (was.expires !== peer.expires) changes.push({ kind: "expiry", ...common });
    }
    for (const name of gone) {
        const peer = then[name];
        if (peer !== undefined) changes.push({ kind: "remove", name, peer, publicKey: keyOf(olds, name) });
    }
    return changes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The key of a peer, wherever it comes from; undefined while it is not known. */
export function keyOf(inputs: Properties, name: string): string | undefined {
    const key: unknown =
        peersOf(inputs)[name]?.publicKey ?? ((inputs.publicKeys ?? {}) as Record<string, unknown>)[name];
    return typeof key === "string" ? key : undefined;
}

export function peersOf(inputs: Properties): Record<string, RegistryPeer> {
    const { peers } = inputs;
    return peers === undefined || peers === UNKNOWN ? {} : (peers as Record<string, RegistryPeer>);
}

function unknownKey(inputs: Properties, name: string): boolean {
    return ((inputs.publicKeys ?? {}) as Record<string, unknown>)[name] === UNKNOWN;
}

function pskOf(inputs: Properties, name: string): unknown {
    return ((inputs.presharedKeys ?? {}) as Record<string, unknown>)[name];
}
