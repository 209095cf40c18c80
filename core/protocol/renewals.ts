import { list, number, table, text } from "./table.js";

/**
 * Certificates that the relay renews itself, in `/etc/<name>/renewals`: until when it may (Unix seconds), for how many days, and the
 * name and addresses that they are for.
 *
 *     service    algorithm    until         days    name                        addresses
 *     wiki       ed25519      1767225600    47      wiki.qp-tunnel.internal     10.8.0.1
 */
export const renewals = table("renewals", {
    service: text,
    algorithm: text,
    until: number,
    days: number,
    name: text,
    addresses: list(" "),
});
