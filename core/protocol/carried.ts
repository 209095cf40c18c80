import { number, optional, NONE, table, text } from "./table.js";

/**
 * What a relay that moves brings along of replaced keys: the table `moving`, and the preshared key of each former key.
 *
 *     public key    former key    until         former preshared key
 *     7UQw…FAw=     HIgo…Q4c=     1767225600    mHuu…hWg=
 */
export const carried = table("carried", {
    publicKey: text,
    former: text,
    until: number,
    /** A secret. */
    presharedKey: optional(text, NONE),
});
