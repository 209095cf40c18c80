import { table, text, number } from "./table.js";
import { valuesTable } from "./values.js";

/**
 * What of a machine is the relay's, beside the tables of others.
 *
 *     interface    wg0    51820
 *     subnet       10.8.0.0/24
 *     behind       10.20.0.0/16
 */
export const ours = valuesTable<"interface" | "subnet" | "behind">("ours");

/** A value of `interface`. */
export const ourInterfaces = table("ours", { interface: text, port: number });
