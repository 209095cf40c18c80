import type { Ledger } from "./model.js";
import type { PeerRequest } from "./request.js";

/*
 * Keys that a resource puts out, generated ones above all. They identify a peer as a key in the program does: a peer with the
 * key of a name just dropped was renamed, and a key that was revoked stays revoked. But they are not known in every preview, so
 * the ledger does not list them: it remembers them only once they are former keys.
 */

/** What is asked, with those keys that are known by now. @param keys by name; what is not text is not known yet */
export function withOutputKeys(
    peers: Record<string, PeerRequest>,
    keys: Record<string, unknown>,
): Record<string, PeerRequest> {
    return Object.fromEntries(
        Object.entries(peers).map(([name, peer]) => {
            const publicKey = Object.hasOwn(keys, name) ? keys[name] : undefined;
            const isKnown = typeof publicKey === "string" && peer.publicKey === undefined;
            return [name, isKnown ? { ...peer, publicKey, isOutput: true } : peer];
        }),
    );
}

/** The ledger of last time, with the keys that its peers had then. */
export function withFormerKeys(ledger: Ledger, keys: Record<string, unknown>): Ledger {
    const peers = Object.fromEntries(
        Object.entries(ledger.peers).map(([name, peer]) => {
            const publicKey = Object.hasOwn(keys, name) ? keys[name] : undefined;
            return [name, typeof publicKey === "string" ? { publicKey, ...peer } : peer];
        }),
    );
    return { ...ledger, peers };
}

/** The previous ledger with every key that a peer ever had: keys without a peer were revoked or replaced. */
export function withHistory(ledger: Ledger, everyKey: Iterable<string>): Ledger {
    const { peers, retired } = ledger;
    const current = new Set(
        [...Object.values(peers), ...Object.values(retired.peers)].map(({ publicKey }) => publicKey),
    );
    const keys = [...new Set([...(retired.keys ?? []), ...everyKey])].filter((key) => !current.has(key)).sort();
    return { ...ledger, retired: { ...retired, ...(keys.length > 0 && { keys }) } };
}
