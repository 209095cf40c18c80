import { publicKeyOf } from "../../../../../core/keys/index.js";
import type { DesiredPeer } from "../../../../../core/wireguard/index.js";
import { RELAY_PRIVATE_KEY } from "../relays.js";

/** What `wg show wg0 dump` says of a relay's interface with these peers, none of which was ever connected. */
export function dumpOf(peers: readonly Pick<DesiredPeer, "publicKey" | "presharedKey" | "allowedIps">[]): string {
    const lines = [
        [RELAY_PRIVATE_KEY, publicKeyOf(RELAY_PRIVATE_KEY), "51820", "off"],
        ...peers.map(({ publicKey, presharedKey, allowedIps }) => [
            ...[publicKey, presharedKey, "(none)", allowedIps.join(","), "0", "0", "0", "off"],
        ]),
    ];
    return lines.map((fields) => `${fields.join("\t")}\n`).join("");
}
