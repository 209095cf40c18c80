import type { Ledger, RegistryPeer, RetiredPeer } from "./model.js";
import type { PeerRequest } from "./request.js";

/** A listed peer that has expired. */
export interface ExpiredPeer {
    name: string;
    /** RFC 3339. */
    expires: string;
    /** `listed`: active in the ledger until now; `retired`: already retired; `new`: never admitted. */
    was: "listed" | "retired" | "new";
}

/** A ledger and what is asked of it, as if all expired peers had been removed from the program. */
interface AsOfNow {
    peers: Record<string, PeerRequest>;
    before: Ledger;
    expired: ExpiredPeer[];
}

/**
 * An expired peer counts as unlisted. What the ledger promised counts as well as what is asked now: an expiry that
 * is put off when it has passed does not bring back who was cut off by then, for that takes a new key or `reinstate`.
 */
export function asOf(now: Date, peers: Record<string, PeerRequest>, before: Ledger): AsOfNow {
    const isPast = (expires: string | undefined): expires is string =>
        expires !== undefined && Date.parse(expires) <= now.getTime();
    const current: Record<string, PeerRequest> = {};
    const expired: ExpiredPeer[] = [];
    for (const [name, peer] of Object.entries(peers)) {
        if (!isPast(peer.expires)) current[name] = peer;
        else {
            const was = Object.hasOwn(before.peers, name)
                ? "listed"
                : Object.hasOwn(before.retired.peers, name)
                  ? "retired"
                  : "new";
            expired.push({ name, expires: peer.expires, was });
        }
    }
    const listed: Record<string, RegistryPeer> = {};
    const retired: Record<string, RetiredPeer> = { ...before.retired.peers };
    for (const [name, peer] of Object.entries(before.peers)) {
        const asked = Object.hasOwn(peers, name) ? peers[name]?.expires : undefined;
        const end = [peer.expires, asked].find(isPast);
        if (end === undefined) listed[name] = peer;
        else retired[name] = retire(peer, end);
    }
    return {
        peers: current,
        before: { ...before, peers: listed, retired: { ...before.retired, peers: retired } },
        expired,
    };
}

function retire({ address, address6, publicKey, admitted, keyEpoch }: RegistryPeer, expires: string): RetiredPeer {
    return {
        address,
        ...(address6 !== undefined && { address6 }),
        ...(publicKey !== undefined && { publicKey }),
        ...(admitted !== undefined && { admitted }),
        expires,
        keyEpoch: keyEpoch ?? 1,
    };
}
