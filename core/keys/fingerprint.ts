import { createHash } from "node:crypto";

import { decode } from "./text.js";

/**
 * What people compare: "SHA256:" and the first 16 characters (96 bits) of the base64 SHA-256 of the 32 raw key bytes.
 * `echo KEY | base64 -d | sha256sum` gives the same bits in hex.
 */
export function fingerprint(publicKey: string): string {
    return `SHA256:${createHash("sha256").update(decode(publicKey)).digest("base64").slice(0, 16)}`;
}
