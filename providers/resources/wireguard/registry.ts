import { peerKey } from "../../../core/registry/peerKey.js";
import type { WireGuardChange } from "./change.js";
import { admittedOf } from "../../../core/registry/defaults.js";
import { fingerprint } from "../../../core/keys/index.js";
import type { RegisteredPeer } from "../../../core/registry/model.js";
import { keyOf, peerChanges, peersOf } from "./peerChanges.js";
import { BY_EXPIRY, isPast } from "./expiry.js";
import type { WireGuardInputs } from "./inputs.js";

/** One peer in the authoritative registry. */
export type RegistryEntry = RegisteredPeer;

/** What an apply found when it was done. */
export interface Found {
    /** Former public key by the present one, of peers who have not used the present one yet. */
    replaced: ReadonlyMap<string, string>;
    /** Keys that the relay knows: on its interfaces, or wherever a revoked one was still found. */
    onWire: ReadonlySet<string>;
    /** Listed peers that the relay cut off at their expiry: name → that time. */
    cut: ReadonlyMap<string, string>;
    now: string;
    /** Who applied. */
    by: string;
}

/**
 * The registry after an apply: active are the peers on the interface; a peer that is no longer listed and not on it was revoked. A peer that
 * a failed apply left off the interface, or on it, keeps its status: a key is not revoked by a failure.
 */
export function registryAfter(
    change: WireGuardChange,
    before: Record<string, RegistryEntry>,
    args: WireGuardInputs,
    { onWire, cut, replaced, now, by }: Found,
): Record<string, RegistryEntry> {
    const renamed = new Map(
        peerChanges(change).flatMap(({ kind, name, formerly }) =>
            kind === "rename" && formerly !== undefined ? [[name, formerly]] : [],
        ),
    );
    const former = new Set(renamed.values());
    const registry: Record<string, RegistryEntry> = {};
    for (const [name, peer] of Object.entries(args.peers)) {
        const publicKey = peerKey(name, peer, args.publicKeys) ?? "";
        if (!onWire.has(publicKey)) continue;
        const was = before[renamed.get(name) ?? name];
        const sameKey = was?.status === "active" && was.publicKey === publicKey;
        registry[name] = {
            address: peer.address,
            ...(peer.address6 === undefined ? {} : { address6: peer.address6 }),
            publicKey,
            fingerprint: fingerprint(publicKey),
            status: "active",
            since: sameKey ? was.since : now,
            ...(admittedOf(peer) === 1 ? {} : { admitted: admittedOf(peer) }),
            ...(renamed.has(name) ? { formerly: renamed.get(name) as string } : {}),
        };
    }
    Object.assign(registry, withReplaced(registry, replaced));
    const owned = new Set(Object.values(registry).map(({ publicKey }) => publicKey));
    for (const [name, entry] of Object.entries(before)) {
        if (name in registry || former.has(name)) continue;
        const expires = cut.get(name) ?? pastExpiry(change, name, now);
        if (entry.status === "active" && expires !== undefined && !onWire.has(entry.publicKey)) {
            registry[name] = { ...entry, status: "revoked", revokedAt: expires, by: BY_EXPIRY };
            continue;
        }
        const stillHers = keyOf(change.inputs, name) === entry.publicKey;
        const leftOver = onWire.has(entry.publicKey) && !owned.has(entry.publicKey);
        registry[name] =
            entry.status === "revoked" || stillHers || leftOver
                ? entry
                : { ...entry, status: "revoked", revokedAt: now, by };
    }
    return Object.fromEntries(Object.entries(registry).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The moment at which the peer expired, if that is why it is no longer listed. */
function pastExpiry({ before, inputs }: WireGuardChange, name: string, now: string): string | undefined {
    const was = before === undefined ? undefined : peersOf(before.inputs)[name];
    return was !== undefined && !(name in peersOf(inputs)) && isPast(was, new Date(now)) ? was.expires : undefined;
}

/** Entries say which former key still works, and nothing once it does not. @param replaced former public key by the present one */
export function withReplaced(
    registry: Record<string, RegistryEntry>,
    replaced: ReadonlyMap<string, string>,
): Record<string, RegistryEntry> {
    return Object.fromEntries(
        Object.entries(registry).map(([name, { replaces: _before, ...entry }]) => {
            const replaces = entry.status === "active" ? replaced.get(entry.publicKey) : undefined;
            return [name, { ...entry, ...(replaces === undefined ? {} : { replaces }) }];
        }),
    );
}
