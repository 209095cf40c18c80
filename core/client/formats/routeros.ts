import type { ClientFormat } from "./format.js";
import { resolversOf, titleOf } from "./parts.js";

/** Commands for a terminal of MikroTik's RouterOS 7. */
export const routeros: ClientFormat = (config, device) => {
    const { privateKey, presharedKey = "", relayPublicKey, allowedIps, keepalive, mtu, address, address6 } = config;
    const { host, port } = splitEndpoint(config.endpoint);
    const name = quote(device);
    const { servers } = resolversOf(config);
    const lines = [
        `# ${titleOf(config)}`,
        ...(privateKey === undefined
            ? [
                  "# The private key stays with you: the router generates a different one unless you set yours at once.",
                  `# /interface/wireguard/set ${name} private-key=...`,
              ]
            : []),
        command("/interface/wireguard/add", {
            name,
            mtu,
            ...(privateKey === undefined ? {} : { "private-key": quote(privateKey) }),
            comment: quote(titleOf(config)),
        }),
        command("/interface/wireguard/peers/add", {
            interface: name,
            "public-key": quote(relayPublicKey),
            ...(presharedKey === "" ? {} : { "preshared-key": quote(presharedKey) }),
            "endpoint-address": quote(host),
            "endpoint-port": port,
            "allowed-address": allowedIps.join(","),
            ...(keepalive === 0 ? {} : { "persistent-keepalive": `${keepalive}s` }),
        }),
        command("/ip/address/add", { address: `${address}/32`, interface: name }),
        ...(address6 === undefined
            ? []
            : [command("/ipv6/address/add", { address: `${address6}/128`, interface: name, advertise: "no" })]),
        ...allowedIps.map((network) =>
            command(network.includes(":") ? "/ipv6/route/add" : "/ip/route/add", {
                "dst-address": network,
                gateway: name,
            }),
        ),
        ...(servers.length === 0
            ? []
            : [`# For the whole router: ${command("/ip/dns/set", { servers: servers.join(",") })}`]),
    ];
    return [{ text: `${lines.join("\n")}\n` }];
};

function command(path: string, values: Record<string, string | number>): string {
    const words = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    return [path, ...words].join(" ");
}

function splitEndpoint(endpoint: string): { host: string; port: string } {
    const at = endpoint.lastIndexOf(":");
    return { host: endpoint.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: endpoint.slice(at + 1) };
}

/** In a string of RouterOS, `$` begins a variable. */
function quote(text: string): string {
    return `"${text.replace(/["\\$]/g, "\\$&")}"`;
}
