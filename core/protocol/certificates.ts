import { table, text } from "./table.js";

/**
 * Keys that the relay is to make for its services, each with a request for a certificate.
 *
 *     service    algorithm
 *     wiki       ed25519
 */
export const wantedKeys = table("wanted", { service: text, algorithm: text });

/**
 * Certificates for keys that the relay has made: the file of each, and the key that it is for.
 *
 *     file                 key
 *     wiki-3f2a9c01bd44    wiki-ed25519
 */
export const leafKeys = table("leaf-keys", { file: text, key: text });
