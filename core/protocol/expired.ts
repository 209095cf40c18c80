import { list, number, table, text } from "./table.js";

/**
 * Peers that expired, as a relay answers it: the addresses are those that no other peer has got since, without the prefix length of
 * a single address.
 *
 *     public key    expired       name      addresses
 *     7UQw…FAw=     1767225600    laptop    10.8.0.2,192.168.7.0/24
 *
 * `/etc/<name>/expired` has the same columns, with the allowed IPs that the peer had.
 */
export const expired = table("expired", {
    publicKey: text,
    /** Unix seconds. */
    expires: number,
    name: text,
    addresses: list(",", "-"),
});
