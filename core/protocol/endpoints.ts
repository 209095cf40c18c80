import { table, text } from "./table.js";

/**
 * Where peers were last, from the machine that a relay leaves: the new one re-initiates handshakes there.
 *
 *     public key    endpoint
 *     7UQw…FAw=     203.0.113.9:41922
 */
export const endpoints = table("inherited", { publicKey: text, endpoint: text });
