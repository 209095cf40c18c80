import { InvalidArgument } from "../core/errors.js";
import type { Peer, PeerSpec } from "./peer.js";

/** Where a peer is meant: the resource, its plain data, or its name. */
export type PeerRef = Peer | PeerSpec | string;

/** @throws InvalidArgument when it is none of the three */
export function nameOf(peer: PeerRef, subject: string): string {
    if (typeof peer === "string") return peer;
    if (typeof peer === "object" && peer !== null) {
        const { peerName, name } = peer as { peerName?: unknown; name?: unknown };
        if (typeof peerName === "string") return peerName;
        if (typeof name === "string") return name;
    }
    throw new InvalidArgument(subject, "is not a peer", "give a Peer, its data with a `name`, or a peer's name");
}
