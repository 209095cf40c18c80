import { table, text } from "./table.js";

/**
 * Kernel settings that the relay changed, as it answers them: its own value, and the present one.
 *
 *     path                            ours    now
 *     net/ipv4/conf/wg0/forwarding    1       0
 */
export const sysctls = table("sysctls", { path: text, ours: text, now: text });
