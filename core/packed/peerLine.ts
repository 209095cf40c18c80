import { fingerprint } from "../keys/fingerprint.js";
import type { RegisteredPeer, RegistryPeer, RetiredPeer } from "../registry/model.js";
import type { PeerRequest } from "../registry/request.js";
import { fits, flag, line, list, NONE, number, type Place, rest, text } from "./words.js";

const ROUTES = { name: "routes", of: "routes", word: list } as const;
const EPOCH = { name: "epoch", of: "keyEpoch", word: number } as const;
const ADMITTED = { name: "admitted", of: "admitted", word: number } as const;
const EXPIRES = { name: "expires", of: "expires", word: text } as const;

interface Addressed {
    address: string;
    address6?: string;
}

/** One or two; `-` where there is none. */
const addresses = (none: Partial<Addressed>): Place<Partial<Addressed>> => ({
    of: ["address", "address6"],
    write({ address, address6 }) {
        if (address6 !== undefined) return fits(address) && fits(address6) ? `${address},${address6}` : undefined;
        return address === none.address ? NONE : text.write(address);
    },
    read(word) {
        if (word === NONE) return none;
        const [address = "", address6] = word.split(",");
        return { address, ...(address6 === undefined ? {} : { address6 }) };
    },
});

/** `-` for a key that is generated, or that another resource supplies. */
const KEY: Place<{ publicKey?: string }> = {
    of: ["publicKey"],
    write: ({ publicKey }) => (publicKey === undefined ? NONE : text.write(publicKey)),
    read: (publicKey) => (publicKey === NONE ? {} : { publicKey }),
};

/** The fingerprint is the key's. */
const READ_BACK: Place<Pick<RegisteredPeer, "publicKey" | "fingerprint">> = {
    of: ["publicKey", "fingerprint"],
    write: ({ publicKey, fingerprint: stored }) =>
        fits(publicKey) && stored === fingerprint(publicKey) ? publicKey : undefined,
    read: (publicKey) => ({ publicKey, fingerprint: fingerprint(publicKey) }),
};

const STATUS: Place<Pick<RegisteredPeer, "status">> = {
    of: ["status"],
    write: ({ status }) => text.write(status),
    read: (word) => ({ status: word as RegisteredPeer["status"] }),
};

/**
 * A peer as its registry has it, or as the program asks for it, then without an address unless it pins one: addresses and public key, and
 * what is not as usual.
 *
 *     10.8.0.14,fd12::e hSDw…Tmo= routes 192.168.7.0/24 epoch 2 admitted 2 expires 2027-01-01T00:00:00Z
 *     - hSDw…Tmo= reinstate
 */
export const peerLine = line<Partial<RegistryPeer> & Pick<PeerRequest, "reinstate">>(
    "a peer",
    [addresses({}), KEY],
    [ROUTES, EPOCH, ADMITTED, EXPIRES, { name: "reinstate", of: "reinstate", word: flag }],
);

/** A peer that is no longer listed: without an address once that was given to another peer. */
export const retiredLine = line<RetiredPeer>(
    "a retired peer",
    [addresses({ address: "" }), KEY],
    [EPOCH, ADMITTED, EXPIRES],
);

/**
 * A peer as the relay has it, or had it.
 *
 *     10.8.0.14 hSDw…Tmo= revoked since 2026-01-01T00:00:00.000Z until 2026-02-01T00:00:00.000Z by kim@laptop
 */
export const registeredLine = line<RegisteredPeer>(
    "a peer of a relay",
    [addresses({ address: "" }), READ_BACK, STATUS],
    [
        { name: "since", of: "since", word: text },
        { name: "until", of: "revokedAt", word: text },
        ADMITTED,
        { name: "formerly", of: "formerly", word: text },
        { name: "replaces", of: "replaces", word: text },
        { name: "by", of: "by", word: rest },
    ],
);
