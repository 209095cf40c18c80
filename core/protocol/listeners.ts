import { table, text, word } from "./table.js";

/**
 * TCP listeners of the machine, and whether the relay's proxy is the one that listens.
 *
 *     10.8.0.1:8443 ours
 *     0.0.0.0:22 foreign
 */
export const listeners = table("listeners", { address: text, whose: word("ours", "foreign") }, " ");
