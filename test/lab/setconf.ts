import type { DesiredPeer } from "../../core/wireguard/index.js";

/** A file for `wg setconf`, for interfaces that are made by hand. */
export function renderSetconf(args: { privateKey: string; listenPort: number; peers: DesiredPeer[] }): string {
    const head = `[Interface]\nPrivateKey = ${args.privateKey}\nListenPort = ${args.listenPort}\n`;
    return head + args.peers.map(renderPeer).join("");
}

function renderPeer({ publicKey, presharedKey, allowedIps, keepalive }: DesiredPeer): string {
    return [
        "[Peer]",
        `PublicKey = ${publicKey}`,
        ...(presharedKey === "" ? [] : [`PresharedKey = ${presharedKey}`]),
        `AllowedIPs = ${allowedIps.join(", ")}`,
        `PersistentKeepalive = ${keepalive}`,
        "",
    ].join("\n");
}
