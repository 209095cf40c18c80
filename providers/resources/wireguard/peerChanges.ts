import { peerKey } from "../../../core/registry/peerKey.js";
import type { PeerInputs } from "./inputs.js";
import { admittedOf, keyEpochOf, routesOf } from "../../../core/registry/defaults.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { same } from "../changes.js";
import { NOTHING_REMOVED, type RemovedFirst } from "../relay/removedFirst.js";
import { UNKNOWN, type Unknown } from "../resource.js";
import { known } from "../shape.js";

/** One thing that happens to one peer. */
export interface PeerChange {
    kind: "add" | "remove" | "rename" | "rekey" | "readdress" | "reroute" | "expiry" | "preshared";
    name: string;
    /** As it is after the change; before it, for a removal. */
    peer: RegistryPeer;
    before?: RegistryPeer;
    /** undefined while a key is not generated yet. */
    publicKey?: string | undefined;
    oldPublicKey?: string | undefined;
    /** For a rename: the name it had. */
    formerly?: string;
}

interface Versions {
    before?: { inputs: PeerInputs } | undefined;
    inputs: PeerInputs;
}

/**
 * Old inputs against new ones: everything that happens to each peer, sorted by name. A peer that has the key of one that is gone was
 * renamed; a new key includes its new preshared key, and so does a new name.
 */
export function peerChanges({ before, inputs }: Versions): PeerChange[] {
    const olds: PeerInputs = before?.inputs ?? {};
    const then = peersOf(olds);
    const now = peersOf(inputs);
    const gone = new Set(Object.keys(then).filter((name) => !(name in now)));
    const goneByKey = new Map([...gone].map((name) => [keyOf(olds, name), name]));
    const changes: PeerChange[] = [];
    for (const [name, peer] of Object.entries(now)) {
        const publicKey = keyOf(inputs, name);
        const formerly = name in then || publicKey === undefined ? undefined : goneByKey.get(publicKey);
        const was = then[formerly ?? name];
        if (was === undefined) {
            changes.push({ kind: "add", name, peer, publicKey });
            continue;
        }
        const oldPublicKey = keyOf(olds, formerly ?? name);
        const common = { name, peer, before: was, publicKey, oldPublicKey };
        const happened = (kind: PeerChange["kind"], did: boolean): void => {
            if (did) changes.push({ kind, ...common });
        };
        if (formerly !== undefined) {
            gone.delete(formerly);
            goneByKey.delete(publicKey);
            changes.push({ kind: "rename", name, peer, before: was, publicKey, formerly });
        }
        const rekeyed = publicKey !== oldPublicKey || unknownKey(inputs, name);
        happened("rekey", rekeyed);
        happened("readdress", was.address !== peer.address || was.address6 !== peer.address6);
        happened("reroute", !same(routesOf(was), routesOf(peer)));
        happened("expiry", was.expires !== peer.expires);
        happened(
            "preshared",
            !rekeyed && formerly === undefined && !same(presharedOf(olds, name, was), presharedOf(inputs, name, peer)),
        );
    }
    for (const name of gone) {
        const peer = then[name];
        if (peer !== undefined) changes.push({ kind: "remove", name, peer, publicKey: keyOf(olds, name) });
    }
    return changes.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Listed peers whose key was taken away since the interface was applied last. */
export function restoredPeers({ inputs, removed = NOTHING_REMOVED }: Versions & { removed?: RemovedFirst }): string[] {
    return Object.keys(peersOf(inputs))
        .filter((name) => removed.keys.has(keyOf(inputs, name) ?? ""))
        .sort();
}

/** The key of a peer, wherever it comes from; undefined while it is not known. */
export function keyOf(inputs: PeerInputs, name: string): string | undefined {
    return known(peerKey(name, known(known(inputs.peers)?.[name]), known(inputs.publicKeys)));
}

export function peersOf(inputs: PeerInputs): Record<string, RegistryPeer> {
    const peers = known(inputs.peers) ?? {};
    return isKnown(peers) ? peers : {};
}

function isKnown(peers: Record<string, RegistryPeer | Unknown>): peers is Record<string, RegistryPeer> {
    return !Object.values(peers).includes(UNKNOWN);
}

/** The preshared key that the program gives a peer, `none` included; undefined where it is derived. */
export function givenPresharedKey(inputs: PeerInputs, name: string): unknown {
    return known(inputs.presharedKeys)?.[name];
}

function unknownKey(inputs: PeerInputs, name: string): boolean {
    return known(inputs.publicKeys)?.[name] === UNKNOWN;
}

/** What decides the preshared key of a peer whose name and key stay. */
function presharedOf(inputs: PeerInputs, name: string, peer: RegistryPeer): unknown {
    return givenPresharedKey(inputs, name) ?? [inputs.seed, keyEpochOf(peer), admittedOf(peer)];
}
