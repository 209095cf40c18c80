import type { WireGuardOutputs } from "./outputs.js";
import type { WireGuardChange } from "./change.js";
import { fingerprint } from "../../../core/keys/index.js";
import { admittedOf } from "../../../core/registry/defaults.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { keyOf, type PeerChange, peerChanges, peersOf, restoredPeers } from "./peerChanges.js";
import type { Announcement } from "../relay/announcement.js";
import { proofOf, removals } from "../relay/proof.js";
import { epochRecords, keysInState } from "./epochs.js";
import type { RegistryEntry } from "./registry.js";
import { count } from "../sentences.js";

/** Above this many changes of a kind, a record holds a batch of peers instead of one. */
const ONE_BY_ONE = 100;
const BATCH = 500;

const ACTION: Record<PeerChange["kind"], string> = {
    add: "peer_add",
    remove: "peer_remove",
    rename: "peer_rename",
    rekey: "key_rotate",
    readdress: "peer_update",
    reroute: "peer_update",
    expiry: "peer_update",
    preshared: "psk_rotate",
};

const DONE: Record<PeerChange["kind"], string> = {
    add: "Added",
    remove: "Removed",
    rename: "Renamed",
    rekey: "Rotated the key of",
    readdress: "Moved",
    reroute: "Changed the routes of",
    expiry: "Changed the expiry of",
    preshared: "Rotated the preshared key of",
};

export function beginOf(change: WireGuardChange): Announcement {
    const { relay, interface: device } = change.inputs;
    const changes = peerChanges(change);
    const names = (kinds: PeerChange["kind"][]): string[] =>
        changes.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
    const details = {
        relay,
        interface: device,
        add: names(["add"]),
        remove: names(["remove"]),
        changed: changes.length,
    };
    return {
        action: "peers_apply",
        message: `Apply ${count(changes.length, "peer change")} to relay ${relay}`,
        details,
    };
}

/** What happened, as read back: "removed" is written when the relay has nothing of the key any more, with where it looked. */
export function outcomesOf(
    change: WireGuardChange,
    outputs: WireGuardOutputs,
    answer: Answers<"wireguard">,
): Announcement[] {
    const { relay, interface: device } = change.inputs;
    const registry = outputs.registry ?? {};
    const active = Object.values(registry).filter(({ status }) => status === "active").length;
    const records: Announcement[] = epochRecords(change, outputs);
    const kinds = new Map<PeerChange["kind"], PeerChange[]>();
    const planned = peerChanges(change).filter(({ kind }) => kind !== "remove");
    const all = [...withRestored(change, planned), ...removals(change)];
    for (const each of all) {
        // Nothing else is wrong: the peer is not on the interface because it had expired.
        if (each.kind !== "remove" && registry[each.name]?.status !== "active") records.push(lateRecord(each, relay));
        else kinds.set(each.kind, [...(kinds.get(each.kind) ?? []), each]);
    }
    for (const [kind, changes] of kinds) {
        const proof = kind === "remove" ? { proof: proofOf(answer) } : {};
        const one = (each: PeerChange): Announcement => ({
            action: ACTION[kind],
            message: messageOf(each, relay, reinstatement(change, each)),
            details: { relay, ...detailsOf(each, registry), ...reinstatement(change, each), ...proof },
        });
        const several = (batch: PeerChange[]): Announcement => ({
            action: ACTION[kind],
            message: `${DONE[kind]} ${count(batch.length, "peer")} on relay ${relay}`,
            details: {
                relay,
                peers: batch.map((each) => ({ ...detailsOf(each, registry), ...reinstatement(change, each) })),
                ...proof,
            },
        });
        records.push(...inBatches(changes, one, several));
    }
    records.push({
        action: "peers_apply",
        message: `Relay ${relay} serves ${count(active, "peer")}`,
        details: {
            relay,
            interface: device,
            active,
            public_key: outputs.publicKey,
            // By these it is known, should the state lose them, that they are not new.
            keys_in_state: keysInState(change.inputs),
        },
    });
    return records;
}

/** A record each, or above so many one for a batch. */
export function inBatches<T>(
    all: T[],
    one: (each: T) => Announcement,
    several: (batch: T[]) => Announcement,
    most = ONE_BY_ONE,
): Announcement[] {
    if (all.length <= most) return all.map(one);
    const batches = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, n) =>
        all.slice(n * BATCH, (n + 1) * BATCH),
    );
    return batches.map(several);
}

/** Who was taken away since the interface was applied last, and is listed, is added again, whatever else changes for it. */
function withRestored(change: WireGuardChange, planned: PeerChange[]): PeerChange[] {
    const restored = new Set(restoredPeers(change));
    const peers = peersOf(change.inputs);
    const added = [...restored].flatMap((name): PeerChange[] => {
        const peer = peers[name];
        const isAdded = planned.some((each) => each.kind === "add" && each.name === name);
        return peer === undefined || isAdded
            ? []
            : [{ kind: "add", name, peer, publicKey: keyOf(change.inputs, name) }];
    });
    return [...planned.filter(({ kind, name }) => kind !== "preshared" || !restored.has(name)), ...added];
}

function lateRecord({ name, peer }: PeerChange, relay: string): Announcement {
    return {
        action: "peer_expire",
        message: `Peer ${name} (${peer.address}) had expired on ${peer.expires} when the change reached relay ${relay}: not added`,
        details: { relay, name, tunnel_ip: peer.address, expires: peer.expires },
    };
}

/** That a key was cut off before and is let in again, as the program said. */
function reinstatement(
    { before }: WireGuardChange,
    { kind, name, peer, publicKey }: PeerChange,
): Record<string, unknown> {
    if (kind !== "add") return {};
    const registry = before?.outputs.registry ?? {};
    const [as, revoked] =
        Object.entries(registry).find(([, each]) => each.status === "revoked" && each.publicKey === publicKey) ?? [];
    if (revoked === undefined && admittedOf(peer) === 1) return {};
    return {
        reinstated: true,
        admitted: admittedOf(peer),
        ...(revoked?.revokedAt === undefined ? {} : { revoked_at: revoked.revokedAt }),
        ...(as === undefined || as === name ? {} : { revoked_as: as }),
    };
}

function messageOf({ kind, name, peer, formerly }: PeerChange, relay: string, more: object): string {
    const whom = formerly === undefined ? name : `${formerly} to ${name}`;
    if ("reinstated" in more) return `Reinstated peer ${name} (${peer.address}) on relay ${relay}`;
    return `${DONE[kind]} ${kind === "add" || kind === "remove" ? "peer " : ""}${whom} (${peer.address}) ${kind === "remove" ? "from" : "on"} relay ${relay}`;
}

function detailsOf(change: PeerChange, registry: Record<string, RegistryEntry>): Record<string, unknown> {
    const { kind, name, peer, formerly, oldPublicKey } = change;
    const publicKey = change.publicKey ?? registry[name]?.publicKey;
    return {
        name,
        tunnel_ip: peer.address,
        ...(peer.address6 === undefined ? {} : { tunnel_ip6: peer.address6 }),
        ...(publicKey === undefined ? {} : { public_key: publicKey, fingerprint: fingerprint(publicKey) }),
        ...(kind === "rekey" && oldPublicKey !== undefined ? { old_public_key: oldPublicKey } : {}),
        // The key before works beside the new one until that is used, or its time is over.
        ...(kind === "rekey" && registry[name]?.replaces !== undefined
            ? { overlap_public_key: registry[name].replaces }
            : {}),
        ...(formerly === undefined ? {} : { formerly }),
        ...(peer.expires === undefined ? {} : { expires: peer.expires }),
    };
}
