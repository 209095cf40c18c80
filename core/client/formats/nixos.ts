import type { ClientConfig } from "../config.js";
import type { ClientFile, ClientFormat } from "./format.js";
import { addressesOf, titleOf } from "./parts.js";

/**
 * A NixOS module for `networking.wg-quick`. All users of the machine can read the Nix store, so keys are in files
 * beside it, never in the module.
 */
export const nixos: ClientFormat = (config, device) => {
    const folder = "/etc/wireguard";
    const { privateKey, presharedKey = "" } = config;
    const keyFile = `${folder}/${device}.key`;
    const presharedKeyFile = `${folder}/${device}.psk`;
    const secrets: ClientFile[] = [
        ...(privateKey === undefined ? [] : [{ path: keyFile, text: `${privateKey}\n` }]),
        ...(presharedKey === "" ? [] : [{ path: presharedKeyFile, text: `${presharedKey}\n` }]),
    ];
    const lines = moduleOf(config, device, keyFile, presharedKey === "" ? undefined : presharedKeyFile);
    return [{ path: `/etc/nixos/${device}.nix`, text: `${lines.join("\n")}\n` }, ...secrets];
};

function moduleOf(
    config: ClientConfig,
    device: string,
    keyFile: string,
    presharedKeyFile: string | undefined,
): string[] {
    const { relayPublicKey, allowedIps, endpoint, keepalive, mtu, dns = [] } = config;
    return [
        `# ${titleOf(config)}`,
        `# ${keyFile}${presharedKeyFile === undefined ? "" : ` and ${presharedKeyFile}`}: owned by root, mode 0600.`,
        "{",
        `  networking.wg-quick.interfaces.${quote(device)} = {`,
        `    address = ${list(addressesOf(config))};`,
        `    privateKeyFile = ${quote(keyFile)};`,
        `    mtu = ${mtu};`,
        ...(dns.length === 0 ? [] : [`    dns = ${list(dns)};`]),
        "    peers = [",
        "      {",
        `        publicKey = ${quote(relayPublicKey)};`,
        ...(presharedKeyFile === undefined ? [] : [`        presharedKeyFile = ${quote(presharedKeyFile)};`]),
        `        allowedIPs = ${list(allowedIps)};`,
        `        endpoint = ${quote(endpoint)};`,
        ...(keepalive === 0 ? [] : [`        persistentKeepalive = ${keepalive};`]),
        "      }",
        "    ];",
        "  };",
        "}",
    ];
}

function list(items: string[]): string {
    return `[ ${items.map(quote).join(" ")} ]`;
}

/** A Nix string: besides quotes and backslashes, `${` begins an antiquotation. */
function quote(text: string): string {
    return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("${", "\\${")}"`;
}
