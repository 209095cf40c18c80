import type { DesiredPeer } from "../wireguard/index.js";
import { list, NONE, optional, table, text, type Column, type RowOf } from "./table.js";

/** In the words of wg's own dump. */
const keepalive: Column<number> = {
    write: (seconds) => (seconds === 0 ? "off" : seconds),
    read: (cell) => (cell === "off" || cell === "" ? 0 : Number(cell)),
};

const COLUMNS = {
    publicKey: text,
    /** A secret. */
    presharedKey: optional(text, NONE),
    /** Canonical CIDR, sorted. */
    allowedIps: list(",", NONE),
    /** Seconds; 0 is off. */
    keepalive,
    /** host:port, where the relay finds the peer; absent where the peer comes by itself. */
    endpoint: optional(text, NONE),
    /** Unix seconds. */
    expires: optional<number>({ write: (seconds) => seconds, read: Number }, "-"),
    name: text,
};

export type PeerRow = RowOf<typeof COLUMNS>;

/**
 * Who is on a relay's interfaces, in `/etc/<name>/peers`: what they are filled from after a boot.
 *
 *     public key    preshared key    allowed IPs    keepalive    endpoint    expires    name
 *     7UQw…FAw=     (none)           10.8.0.2/32    25           (none)      -          laptop
 */
const peers = table("peers", COLUMNS);

export const parsePeers = peers.parse;

/** The wanted peers, sorted by name. */
export function renderPeers(wanted: readonly DesiredPeer[]): string {
    return peers.render(byName(wanted).map(rowOf));
}

/**
 * The same table as a relay answers it: instead of each preshared key `=` where the interface has the recorded one, else `-`.
 *
 *     7UQw…FAw=    =    10.8.0.2/32    25    (none)    -    laptop
 */
export const keptPeers = table("kept.peers", {
    ...COLUMNS,
    presharedKey: { write: (same: boolean) => (same ? "=" : "-"), read: (cell: string) => cell !== "-" },
});

/** A wanted peer as its row. */
export function rowOf(peer: DesiredPeer): PeerRow {
    return {
        publicKey: peer.publicKey,
        presharedKey: peer.presharedKey === "" ? undefined : peer.presharedKey,
        allowedIps: [...peer.allowedIps].sort(),
        keepalive: peer.keepalive,
        endpoint: peer.endpoint,
        expires: peer.expires === undefined ? undefined : Math.floor(Date.parse(peer.expires) / 1000),
        name: peer.name,
    };
}

function byName(wanted: readonly DesiredPeer[]): DesiredPeer[] {
    return [...wanted].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
