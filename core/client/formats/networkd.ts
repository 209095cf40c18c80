import type { ClientConfig } from "../config.js";
import type { ClientFormat } from "./format.js";
import { addressesOf, resolversOf, titleOf } from "./parts.js";

/**
 * systemd-networkd: systemd.netdev(5) for the tunnel, systemd.network(5) for addresses and routes. Routes are written
 * out, because `RouteTable=` of a netdev needs systemd 250.
 */
export const networkd: ClientFormat = (config, device) => {
    const folder = "/etc/systemd/network";
    return [
        { path: `${folder}/${device}.netdev`, text: netdev(config, device, `${folder}/${device}.key`) },
        { path: `${folder}/${device}.network`, text: network(config, device) },
    ];
};

function netdev(config: ClientConfig, device: string, keyFile: string): string {
    const { privateKey, presharedKey, relayPublicKey, allowedIps, endpoint, keepalive, mtu } = config;
    return text([
        `# ${titleOf(config)}`,
        "# root:systemd-network, mode 0640: systemd-networkd runs as that group, and other users must not be able to read it.",
        "[NetDev]",
        `Name=${device}`,
        "Kind=wireguard",
        `MTUBytes=${mtu}`,
        "",
        "[WireGuard]",
        ...(privateKey === undefined
            ? ["# Put your own private key there, with the same owner and mode.", `PrivateKeyFile=${keyFile}`]
            : [`PrivateKey=${privateKey}`]),
        "",
        "[WireGuardPeer]",
        `PublicKey=${relayPublicKey}`,
        ...(presharedKey === undefined || presharedKey === "" ? [] : [`PresharedKey=${presharedKey}`]),
        ...allowedIps.map((network) => `AllowedIPs=${network}`),
        `Endpoint=${endpoint}`,
        ...(keepalive === 0 ? [] : [`PersistentKeepalive=${keepalive}`]),
    ]);
}

function network(config: ClientConfig, device: string): string {
    const { servers, domains } = resolversOf(config);
    return text([
        `# ${titleOf(config)}`,
        "[Match]",
        `Name=${device}`,
        "",
        "[Network]",
        ...addressesOf(config).map((address) => `Address=${address}`),
        ...servers.map((server) => `DNS=${server}`),
        ...(domains.length === 0 ? [] : [`Domains=${domains.join(" ")}`]),
        ...config.allowedIps.flatMap(routeTo),
    ]);
}

/** On the tunnel itself, without a gateway. An IPv6 route has no scope. */
function routeTo(destination: string): string[] {
    return ["", "[Route]", `Destination=${destination}`, ...(destination.includes(":") ? [] : ["Scope=link"])];
}

function text(lines: string[]): string {
    return `${lines.join("\n")}\n`;
}
