import { KeyOwners } from "../keys/owners.js";
import { admittedOf, keyEpochOf } from "./defaults.js";
import { checked } from "../arguments/faults.js";
import type { Fault } from "../fault.js";
import { parsePublicKey } from "../keys/text.js";
import type { Ledger, RetiredPeer } from "./model.js";
import type { PeerRequest } from "./request.js";

/** The history of a listed peer, and how often its name was admitted, this time included. */
export interface Identity {
    /** `stays`: listed last time, or renamed from a name that was; `returns`: it was retired; `new`: never seen. */
    kind: "stays" | "returns" | "new";
    /** The former address, if any. */
    address?: string | undefined;
    admitted: number;
}

export interface Identities {
    of: Map<string, Identity>;
    renamed: { from: string; to: string }[];
}

/** Identifies every listed peer, and refuses keys that it must not have. */
export function identify(
    peers: Record<string, PeerRequest>,
    before: Ledger,
    report: (fault: Fault) => void,
): Identities {
    const names = Object.keys(peers).sort();
    const dropped = Object.keys(before.peers).filter((name) => !Object.hasOwn(peers, name));
    const renamed = renames(peers, names, before, dropped);
    checkKeys(peers, names, before, renamed, report);

    const of = new Map<string, Identity>();
    for (const name of names) {
        const active = own(before.peers, name);
        const retired = own(before.retired.peers, name);
        const origin = own(before.peers, renamed.get(name));
        if (active !== undefined) {
            of.set(name, { kind: "stays", address: active.address, admitted: admittedOf(active) });
            const epoch = peers[name]?.keyEpoch ?? 1;
            if (epoch < keyEpochOf(active)) {
                report({
                    path: `peers.${name}.keyEpoch`,
                    problem: `went back from ${keyEpochOf(active)} to ${epoch}, which would bring replaced keys back`,
                    fix: "keep it, or raise it to rotate",
                });
            }
        } else if (origin !== undefined) {
            // A name that was retired before may not meet a preshared key of its earlier life again.
            const admitted =
                retired === undefined ? admittedOf(origin) : Math.max(admittedOf(origin), admittedOf(retired) + 1);
            of.set(name, { kind: "stays", address: origin.address, admitted });
        } else if (retired !== undefined) {
            const { reinstate, keyEpoch, publicKey } = peers[name] as PeerRequest;
            if (publicKey === undefined && reinstate !== true && (keyEpoch ?? 1) <= (retired.keyEpoch ?? 0)) {
                report({
                    path: `peers.${name}.expires`,
                    problem: `was not put off in time: "${name}" expired on ${retired.expires}, and its key counts as revoked since`,
                    fix: "raise keyEpoch for a new key, or set reinstate: true if this one is to be trusted again",
                });
            }
            of.set(name, { kind: "returns", address: retired.address || undefined, admitted: admittedOf(retired) + 1 });
        } else {
            of.set(name, { kind: "new", admitted: 1 });
        }
    }
    return { of, renamed: [...renamed].map(([to, from]) => ({ from, to })) };
}

/**
 * Revoked keys that no retired name holds: one that a peer replaced, or that a name had before it came back with
 * another one. Without this memory a key could return under the very name it was taken from.
 */
export function retiredKeys(peers: Record<string, PeerRequest>, before: Ledger): string[] {
    const active = new Set(Object.values(peers).map((peer) => peer.publicKey));
    const gone = [...(before.retired.keys ?? [])];
    for (const name of Object.keys(peers)) {
        const earlier = own(before.peers, name)?.publicKey ?? own(before.retired.peers, name)?.publicKey;
        if (earlier !== undefined) {
            gone.push(earlier);
        }
    }
    return [...new Set(gone)].filter((key) => !active.has(key)).sort();
}

/** New name → the name just dropped whose key it brought. */
function renames(
    peers: Record<string, PeerRequest>,
    names: string[],
    before: Ledger,
    dropped: string[],
): Map<string, string> {
    const left = new Map<string, string>();
    for (const name of dropped) {
        const key = before.peers[name]?.publicKey;
        if (key !== undefined) {
            left.set(key, name);
        }
    }
    const found = new Map<string, string>();
    for (const name of names) {
        const key = peers[name]?.publicKey;
        const from = key === undefined ? undefined : left.get(key);
        if (key !== undefined && from !== undefined && !Object.hasOwn(before.peers, name)) {
            found.set(name, from);
            left.delete(key);
        }
    }
    return found;
}

function checkKeys(
    peers: Record<string, PeerRequest>,
    names: string[],
    before: Ledger,
    renamed: Map<string, string>,
    report: (fault: Fault) => void,
): void {
    const revoked = revokedKeys(peers, before);
    const owners = new KeyOwners();
    for (const name of names) {
        const { publicKey: key, reinstate, isOutput } = peers[name] as PeerRequest;
        if (key === undefined) {
            continue;
        }
        const path = `peers.${name}.publicKey`;
        const parsed = checked(() => parsePublicKey(key, path), report, path);
        if (parsed === undefined) continue;
        const taken = owners.claim(key, `"${name}"`, path);
        if (taken !== undefined) {
            report(taken);
            continue;
        }
        const whose = revoked.get(key);
        const isOwnKey = own(before.peers, name)?.publicKey === key || renamed.has(name);
        if (whose !== undefined && !isOwnKey && reinstate !== true) {
            const fix = isOutput === true ? "give a new key (for a generated one, raise keyEpoch)" : "give a new key";
            report({
                path,
                problem: `was revoked${whose}`,
                fix: `${fix}, or set reinstate: true if this one is to be trusted again`,
            });
        }
    }
}

/** Revoked key → whose it was, in words. */
function revokedKeys(peers: Record<string, PeerRequest>, before: Ledger): Map<string, string> {
    const revoked = new Map((before.retired.keys ?? []).map((key) => [key, " earlier"]));
    const gone = Object.entries(before.peers).filter(([name]) => !Object.hasOwn(peers, name));
    const entries: [string, RetiredPeer][] = [...Object.entries(before.retired.peers), ...gone];
    for (const [name, { publicKey, expires }] of entries) {
        if (publicKey === undefined) continue;
        const past = expires !== undefined && Object.hasOwn(before.retired.peers, name);
        revoked.set(publicKey, past ? ` when "${name}" expired on ${expires}` : ` when "${name}" was removed`);
    }
    return revoked;
}

/** Names are data: an inherited property is not an entry. */
function own<T>(record: Record<string, T>, name: string | undefined): T | undefined {
    return name !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
