/** Settings of a wg-quick file that are one value, checked. */
import { InvalidArgument } from "../errors.js";
import { parsePresharedKey, parsePrivateKey } from "../keys/index.js";
import { lastOf, type QuickFile, type QuickPeer } from "./wgQuick.js";

export function presharedOf({ settings }: QuickPeer, path: string): string | undefined {
    const key = lastOf(settings, "presharedkey");
    return key === undefined || key === NONE ? undefined : parsePresharedKey(key, `${path}: PresharedKey`);
}

/** What `wg showconf` prints for a missing key. */
const NONE = `${"A".repeat(43)}=`;

export function privateKeyOf({ settings }: QuickFile, subject: string): string | undefined {
    const key = lastOf(settings, "privatekey");
    return key === undefined ? undefined : parsePrivateKey(key, `${subject}: PrivateKey`);
}

export function listenPortOf({ settings }: QuickFile, subject: string, device: string): number {
    const text = lastOf(settings, "listenport");
    const port = Number(text);
    if (text === undefined || !/^\d+$/.test(text) || port < 1 || port > 65535) {
        throw new InvalidArgument(
            subject,
            text === undefined ? "has no ListenPort" : `"${text}" is not a port`,
            `add the one that \`wg show ${device} listen-port\` prints: ListenPort = 51820`,
        );
    }
    return port;
}

export function mtuOf({ settings }: QuickFile): number | undefined {
    const mtu = Number(lastOf(settings, "mtu"));
    return Number.isInteger(mtu) && mtu >= 576 && mtu <= 9000 ? mtu : undefined;
}
