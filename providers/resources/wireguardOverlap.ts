import type { DesiredPeer } from "../../core/wireguard.js";
import type { Files } from "../hosts/bundle.js";
import { peerChanges } from "./peerChanges.js";
import type { Change } from "./relayResource.js";

/** A peer as the wire is to have her; of a key that is being replaced nobody here knows the preshared key. */
export type ExpectedPeer = Omit<DesiredPeer, "presharedKey"> & { presharedKey?: string };

/** New and old public key of each peer whose key this change replaces: the relay keeps the old one beside it for a while. */
export function renderRekeyed(change: Change): string {
    return peerChanges(change)
        .filter(({ kind, publicKey, oldPublicKey }) => kind === "rekey" && publicKey !== oldPublicKey)
        .map(({ publicKey, oldPublicKey }) =>
            publicKey === undefined || oldPublicKey === undefined ? "" : `${publicKey}\t${oldPublicKey}\n`,
        )
        .join("");
}

/** Old public key by the new one, of peers who have not used the new one yet. */
export function overlaps(answer: Files): Map<string, string> {
    return new Map(
        (answer.moving ?? "")
            .split("\n")
            .filter((line) => line !== "")
            .map((line): [string, string] => {
                const [publicKey = "", oldPublicKey = ""] = line.split("\t");
                return [publicKey, oldPublicKey];
            }),
    );
}

/** Who is to be on an interface while keys are replaced: the old key keeps the addresses until the new one is used. */
export function expectedPeers(peers: DesiredPeer[], answer: Files): ExpectedPeer[] {
    const moving = overlaps(answer);
    return peers.flatMap((peer): ExpectedPeer[] => {
        const oldPublicKey = moving.get(peer.publicKey);
        if (oldPublicKey === undefined) return [peer];
        const { presharedKey: _hers, ...former } = peer;
        return [
            { ...peer, allowedIps: [] },
            { ...former, name: `${peer.name} (former key)`, publicKey: oldPublicKey },
        ];
    });
}
