/** What a peer's configuration file says. Addresses are without prefix length. */
export interface ClientConfig {
    peerName: string;
    address: string;
    address6?: string;
    /** Absent for a peer with its own key: the file then loads it from a local file. A secret. */
    privateKey?: string;
    /** Whether the private key was handed out before and is only with its owner. */
    handedOut?: boolean;
    /** A secret. */
    presharedKey?: string;
    relayPublicKey: string;
    /** host:port, with brackets around an IPv6 address. */
    endpoint: string;
    /** Networks that are routed through the relay, CIDR. */
    allowedIps: string[];
    /** Seconds; 0 leaves it off. */
    keepalive: number;
    /** Bytes. */
    mtu: number;
    /** Needs resolvconf on Linux. */
    dns?: string[];
    relayName: string;
    appName: string;
    /** The relay's tunnel address, to which one packet is sent to show the new interface. */
    relayAddress?: string;
}

/**
 * The file to hand out: wg-quick(8) and the WireGuard apps take it as it is. Without a private key it loads
 * `/etc/wireguard/NAME.key` once the interface is up, NAME being the file's own name; only wg-quick does that, so a comment says
 * what to do in an app.
 */
export function renderClientConfig(args: ClientConfig): string {
    const addresses =
        args.address6 === undefined ? [`${args.address}/32`] : [`${args.address}/32`, `${args.address6}/128`];
    const lines = [
        `# ${args.peerName} on ${args.relayName} (${args.appName})`,
        "[Interface]",
        ...(args.privateKey === undefined ? ownKey(args) : [`PrivateKey = ${args.privateKey}`]),
        `Address = ${addresses.join(", ")}`,
        `MTU = ${args.mtu}`,
        ...(args.dns === undefined || args.dns.length === 0 ? [] : [`DNS = ${args.dns.join(", ")}`]),
        "",
        `# ${args.relayName}`,
        "[Peer]",
        `PublicKey = ${args.relayPublicKey}`,
        ...(args.presharedKey === undefined || args.presharedKey === "" ? [] : [`PresharedKey = ${args.presharedKey}`]),
        `AllowedIPs = ${args.allowedIps.join(", ")}`,
        `Endpoint = ${args.endpoint}`,
        ...(args.keepalive === 0 || args.privateKey === undefined ? [] : [`PersistentKeepalive = ${args.keepalive}`]),
    ];
    return `${lines.join("\n")}\n`;
}

/**
 * The keepalive comes with the key: set before, it would make an attempt that has to fail, and WireGuard waits five seconds until the next.
 */
function ownKey({ keepalive, relayPublicKey, relayAddress, handedOut }: ClientConfig): string[] {
    const alive = keepalive === 0 ? "" : ` peer ${relayPublicKey} persistent-keepalive ${keepalive}`;
    const inApp = keepalive === 0 ? "" : `, and add to [Peer]: PersistentKeepalive = ${keepalive}`;
    // One line for all of it: a person who uses an app replaces this line and nothing else.
    const announce = relayAddress === undefined ? "" : `; ping -c 1 -W 5 ${relayAddress} >/dev/null 2>&1 || true`;
    const load = `PostUp = wg set %i private-key /etc/wireguard/%i.key${alive}${announce}`;
    if (handedOut)
        return [
            "# The private key was in an earlier file, and only you have it. Keep it: replace the next line with",
            `# the PrivateKey line of that file${inApp}.`,
            "# wg-quick can also load it from /etc/wireguard/%i.key (%i is the name of this file without .conf), owned by root, mode 0600.",
            load,
        ];
    return [
        "# The private key stays with you. The next line loads it from /etc/wireguard/%i.key (%i is the name of this file",
        "# without .conf): owned by root, mode 0600. To generate a pair, with NAME for %i:",
        "#     (umask 077; wg genkey > /etc/wireguard/NAME.key; wg pubkey < /etc/wireguard/NAME.key)",
        `# In an app, replace the next line with: PrivateKey = <your private key>${inApp}`,
        load,
    ];
}
