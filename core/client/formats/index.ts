import type { ClientFormat } from "./format.js";
import { networkd } from "./networkd.js";
import { nixos } from "./nixos.js";
import { routeros } from "./routeros.js";
import { wgQuick } from "./wgQuick.js";

/** By the name a person gives to `qp-tunnel config --format`. */
export const CLIENT_FORMATS: Record<string, ClientFormat> = { "wg-quick": wgQuick, nixos, networkd, routeros };
