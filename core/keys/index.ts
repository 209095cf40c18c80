import { createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";

import { decode, decodeKey, encode, KEY_BYTES } from "./text.js";

export { fingerprint } from "./fingerprint.js";
export { parsePresharedKey, parsePrivateKey, parsePublicKey } from "./text.js";

/**
 * A new Curve25519 key pair in WireGuard's text form (base64 of 32 bytes, 44 characters). The private key is
 * clamped (RFC 7748, section 5) as `wg genkey` does.
 *
 * @param random a source of cryptographic randomness
 */
export function generateKeyPair(random: (bytes: number) => Uint8Array): { publicKey: string; privateKey: string } {
    const secret = Uint8Array.from(random(KEY_BYTES));
    if (secret.length !== KEY_BYTES) {
        throw new Error(`the random source gave ${secret.length} bytes instead of ${KEY_BYTES}`);
    }
    secret[0]! &= 0xf8;
    secret[31] = (secret[31]! & 0x7f) | 0x40;
    const privateKey = encode(secret);
    return { publicKey: publicKeyOf(privateKey), privateKey };
}

/** What is before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");

/** The public half of a private key. */
export function publicKeyOf(privateKey: string): string {
    const key = Buffer.concat([PKCS8, decode(privateKey)]);
    const pair = createPublicKey(createPrivateKey({ key, format: "der", type: "pkcs8" }));
    return encode(pair.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES));
}

/**
 * The preshared key of one peer on one relay: HKDF-SHA256 (RFC 5869) of the relay's seed, bound to everything that
 * says who this is. Derived and never stored, so a rebuilt relay has the same ones.
 *
 * @param seed 32 bytes in base64
 * @param peer `keyEpoch` is raised to rotate; `admitted` counts how often the name was let in, so a peer who was
 * revoked and returns has a new key
 */
export function presharedKey(
    seed: string,
    peer: { name: string; publicKey: string; keyEpoch: number; admitted: number },
): string {
    const ikm = decodeKey(seed, "seed", "a seed", "give 32 random bytes in base64");
    // A JSON array is unambiguous: no two peers share an info string.
    const info = JSON.stringify([peer.name, peer.publicKey, peer.keyEpoch, peer.admitted]);
    return encode(derive(ikm, "pulumi-qp-tunnel preshared key v1", info));
}

/**
 * What a relay's receipts are authenticated with: HKDF-SHA256 (RFC 5869) of the relay's seed.
 *
 * @param seed 32 bytes in base64
 */
export function receiptKey(seed: string): Uint8Array {
    const ikm = decodeKey(seed, "seed", "a seed", "give 32 random bytes in base64");
    return derive(ikm, "pulumi-qp-tunnel receipt v1", "");
}

function derive(seed: Uint8Array, salt: string, info: string): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", seed, salt, info, KEY_BYTES));
}
