import { list, NONE, number, table, text, variants, word } from "./table.js";

/**
 * What the step `removals` took away, as read back. A peer's last column is `key` where another key of it stays.
 *
 *     peer       7UQw…FAw=    laptop    10.8.0.2/32    peer
 *     element    acl4 10.8.0.2 . 10.8.0.1 . tcp . 22
 *     service    wiki         8443
 */
export const removed = variants("removed", {
    peer: { publicKey: text, name: text, allowedIps: list(",", NONE), what: word("peer", "key") },
    element: { element: text },
    service: { name: text, port: number },
});

/**
 * What an apply found in none of the relay's records, and removed.
 *
 *     peer       7UQw…FAw=
 *     element    acl4 10.8.0.2 . 10.8.0.1 . tcp . 22
 *     proxy
 */
export const swept = variants("swept", {
    peer: { publicKey: text },
    element: { element: text },
    proxy: {},
});

/**
 * Parts of the step `removals` that failed, and what they said.
 *
 *     part                 said
 *     remove_unadmitted    Unable to modify interface: No such device
 */
export const problems = table("problems", { part: text, said: text });
