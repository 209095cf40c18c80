import { renderClientConfig } from "../config.js";
import type { ClientFormat } from "./format.js";

/** wg-quick(8), and the WireGuard apps. */
export const wgQuick: ClientFormat = (config, device) => [
    { path: `/etc/wireguard/${device}.conf`, text: renderClientConfig(config) },
];
