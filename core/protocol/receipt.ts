import { list, NONE, table, text, word } from "./table.js";
import { valuesTable } from "./values.js";

/**
 * What a script says of the machine that it ran on.
 *
 *     version     1
 *     owner       acme/prod/office
 *     publicKey   HIgo…Q4c=
 */
export const receiptValues = valuesTable<
    "version" | "owner" | "edition" | "script" | "machine" | "publicKey" | "generation" | "wireguard" | "supervisor"
>("receipt");

/**
 * Peers on the interface, as `wg show` lists them.
 *
 *     public key    allowed IPs
 *     7UQw…FAw=     10.8.0.2/32 192.168.7.0/24
 */
export const receiptPeers = table("peers", { publicKey: text, allowedIps: list(" ", NONE) });

/**
 * Services, and whether the proxy listens for them.
 *
 *     name    state
 *     wiki    open
 */
export const receiptServices = table("services", { name: text, state: word("open", "closed") });
