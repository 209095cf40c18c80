import { table, text, word } from "./table.js";

/**
 * The relay's systemd units.
 *
 *     unit                              enabled    active
 *     qp-tunnel-wg0-firewall.service    enabled    active
 */
export const units = table("units", { unit: text, enabled: text, active: text });

/**
 * The relay's processes where there is no systemd.
 *
 *     name                runs
 *     proxy.supervisor    1
 */
export const processes = table("processes", { name: text, runs: word("1", "0") });
