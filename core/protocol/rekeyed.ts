import { table, text } from "./table.js";

/**
 * Keys that a change replaces.
 *
 *     public key    former key
 *     7UQw…FAw=     HIgo…Q4c=
 */
export const rekeyed = table("rekeyed", { publicKey: text, former: text });
