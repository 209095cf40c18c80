import { table, text } from "./table.js";

/**
 * While the relay has two interfaces, over which one each peer was heard last, in `/etc/<name>/moved`.
 *
 *     public key    interface
 *     7UQw…FAw=     wg0b
 */
export const moved = table("moved", { publicKey: text, interface: text });
