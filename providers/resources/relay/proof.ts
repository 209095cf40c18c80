import type { WireGuardChange } from "../wireguard/change.js";
import { type GoneKey, parseRevocation } from "../../../core/protocol/revocation.js";
import { fromAllowedIps } from "../../../core/wireguard/index.js";
import type { CommonAnswers } from "../../../core/protocol/steps.js";
import { keyOf, type PeerChange, peerChanges, peersOf } from "../wireguard/peerChanges.js";
import { isLeaf } from "../wireguard/leaf.js";

/**
 * Removals: those of the plan, and those that an earlier apply did not bring to an end, which the registry has as active though
 * they are no longer listed.
 */
export function removals(change: WireGuardChange): PeerChange[] {
    const planned = peerChanges(change);
    const changed = new Set(
        planned.flatMap(({ name, formerly }) => [name, ...(formerly === undefined ? [] : [formerly])]),
    );
    const listed = peersOf(change.inputs);
    const owned = new Set(Object.keys(listed).map((name) => keyOf(change.inputs, name)));
    const registry = change.before?.outputs.registry ?? {};
    const unfinished = Object.entries(registry)
        .filter(([name, { status, publicKey }]) => status === "active" && !(name in listed) && !owned.has(publicKey))
        .filter(([name]) => !changed.has(name))
        .map(([name, { address, address6, publicKey }]): PeerChange => {
            const peer = { address, ...(address6 === undefined ? {} : { address6 }), publicKey };
            return { kind: "remove", name, peer, publicKey };
        });
    return [...planned.filter(({ kind }) => kind === "remove"), ...unfinished];
}

/** Keys that this change takes away, unless the relay keeps one beside the new one for a while, which it knows better. */
export function goneKeys(change: WireGuardChange): GoneKey[] {
    // A managed peer's machine knows the relay alone.
    if (isLeaf(change.inputs)) return [];
    const removed = removals(change).flatMap(({ name, peer, publicKey }) =>
        publicKey === undefined ? [] : [{ name, publicKey, allowedIps: fromAllowedIps(peer) }],
    );
    const replaced = peerChanges(change).flatMap(({ kind, name, publicKey, oldPublicKey }) =>
        kind === "rekey" && oldPublicKey !== undefined && oldPublicKey !== publicKey
            ? [{ name, publicKey: oldPublicKey, allowedIps: [] }]
            : [],
    );
    return [...removed, ...replaced];
}

/** What a record says of a key that is gone; places where something was left are in the failure instead. */
export function proofOf(answer: CommonAnswers<"wireguard" | "removals">): Record<string, unknown> {
    const { keysAbsentFrom = [], addressesAbsentFrom = [] } = parseRevocation(answer.proof) ?? {};
    return { read_back: "absent", key_absent_from: keysAbsentFrom, addresses_absent_from: addressesAbsentFrom };
}
