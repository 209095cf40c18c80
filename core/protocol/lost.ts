import { text, variants } from "./table.js";

/**
 * Peers and services that an unconfirmed change cut off.
 *
 *     peer 7UQw…FAw= 10.8.0.2
 *     service wiki
 */
export const lost = variants("lost", { peer: { publicKey: text, address: text }, service: { name: text } }, " ");
