import { number, table, text } from "./table.js";

/**
 * Peers' new keys beside the former ones, in `/etc/<name>/moving`: until the new key is used, and until the deadline (Unix seconds)
 * at most, the former one works.
 *
 *     public key    former key    until
 *     7UQw…FAw=     HIgo…Q4c=     1767225600
 */
export const moving = table("moving", { publicKey: text, former: text, until: number });
