import { table, text, word } from "./table.js";

/**
 * Interfaces that were removed, and whether the kernel still has them.
 *
 *     interface    state
 *     wg0          absent
 */
export const devices = table("devices", { interface: text, state: word("absent", "present") });
