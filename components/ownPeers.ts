import type * as pulumi from "@pulumi/pulumi";

import { Peer } from "./peer.js";
import type { ListedPeer, ResolvedRelay } from "./relayArguments.js";

/** Declares the relay's own peers, as its children, with the keys that they lack. */
export function withOwnPeers(parent: pulumi.Resource, relay: string, resolved: ResolvedRelay): ResolvedRelay {
    const peers = resolved.peers.map((listed): ListedPeer => {
        const { name, own } = listed;
        if (own === undefined) return listed;
        const { publicKey, privateKey } = new Peer(name, own, { parent }, `${relay}-${name}`);
        return { ...listed, publicKey, privateKey };
    });
    return { ...resolved, peers };
}
