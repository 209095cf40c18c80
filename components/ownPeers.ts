import * as pulumi from "@pulumi/pulumi";

import type { OwnPeer } from "./ownParts.js";
import { Peer } from "./peer.js";
import type { ListedPeer } from "./listedPeers.js";
import type { ResolvedRelay } from "./relayArguments.js";

/** Declares the relay's own peers, as its children, with the keys that they lack. */
export function withOwnPeers(parent: pulumi.Resource, relay: string, resolved: ResolvedRelay): ResolvedRelay {
    const peers = resolved.peers.map((listed): ListedPeer => {
        const { name, own } = listed;
        if (own === undefined) return listed;
        const options = { parent, aliases: formerAliases(relay, own) };
        const { publicKey, privateKey } = new Peer(name, own.args, options, `${relay}-${name}`);
        return { ...listed, publicKey, privateKey };
    });
    return { ...resolved, peers };
}

/** Of a former name both that it was data of this relay, and that it was a Peer of a program in TypeScript. */
function formerAliases(relay: string, { name, formerNames }: OwnPeer): pulumi.Alias[] {
    return formerNames.flatMap((former) => [
        ...(former === name ? [] : [{ name: `${relay}-${former}` }]),
        { name: former, parent: pulumi.rootStackResource },
    ]);
}
