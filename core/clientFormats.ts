import type { ClientConfig } from "./clientConfig.js";
import { networkd } from "./clientFormats/networkd.js";
import { nixos } from "./clientFormats/nixos.js";
import { routeros } from "./clientFormats/routeros.js";
import { wgQuick } from "./clientFormats/wgQuick.js";

/** A file of a peer's configuration. Treat each as a secret. */
export interface ClientFile {
    /** Where it belongs on her machine; absent for what is pasted. */
    path?: string;
    text: string;
}

/** Writes a peer's configuration for one kind of machine; `device` names the interface there. */
export type ClientFormat = (config: ClientConfig, device: string) => ClientFile[];

export const CLIENT_FORMATS: Record<string, ClientFormat> = { "wg-quick": wgQuick, nixos, networkd, routeros };
