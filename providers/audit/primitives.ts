import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

import type { Primitives, Signer } from "../../core/audit/primitives.js";

/** RFC 8410: what precedes the 32 bytes of a private and of a public Ed25519 key in DER. */
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

let lastKey: { publicKey: string; key: KeyObject } | undefined;

/** The log's cryptography by OpenSSL: the same results as core/audit/noble.ts, without loading it, and much faster. */
export const nativePrimitives: Primitives = {
    sha3: (data) => hash("sha3-256", data, "hex"),
    sha256: (...parts) => hash("sha256", Buffer.concat(parts), "buffer"),
    verify: (publicKey, message, signature) =>
        verify(null, Buffer.from(message), keyObject(publicKey), Buffer.from(signature, "hex")),
    verifyAside: (publicKey, message, signature) =>
        new Promise((resolve, reject) => {
            const bytes = Buffer.from(signature, "hex");
            verify(null, Buffer.from(message), keyObject(publicKey), bytes, (error, valid) => {
                if (error === null) resolve(valid);
                else reject(error);
            });
        }),
};

function keyObject(publicKey: string): KeyObject {
    if (lastKey?.publicKey !== publicKey) lastKey = { publicKey, key: publicKeyOf(publicKey) };
    return lastKey.key;
}

/** @param seed the 32-byte Ed25519 secret of RFC 8032 */
export function nativeSigner(seed: Uint8Array): Signer {
    const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: "der", type: "pkcs8" });
    const der = createPublicKey(key).export({ format: "der", type: "spki" });
    return {
        publicKey: der.subarray(PUBLIC_PREFIX.length).toString("hex"),
        sign: (message) => sign(null, Buffer.from(message), key).toString("hex"),
    };
}

function publicKeyOf(hex: string): KeyObject {
    return createPublicKey({
        key: Buffer.concat([PUBLIC_PREFIX, Buffer.from(hex, "hex")]),
        format: "der",
        type: "spki",
    });
}
