import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import type { Primitives, Signer } from "./primitives.js";

/** The log's cryptography in plain JavaScript, the same everywhere. */
export const noblePrimitives: Primitives = {
    sha3(data) {
        return bytesToHex(sha3_256(typeof data === "string" ? utf8ToBytes(data) : data));
    },
    sha256(...parts) {
        const hash = sha256.create();
        for (const part of parts) hash.update(part);
        return hash.digest();
    },
    verify(publicKey, message, signature) {
        // RFC 8032 rather than ZIP 215, which accepts small-order points on purpose.
        return ed25519.verify(hexToBytes(signature), utf8ToBytes(message), hexToBytes(publicKey), { zip215: false });
    },
};

/** @param seed the 32-byte Ed25519 secret of RFC 8032 */
export function nobleSigner(seed: Uint8Array): Signer {
    return {
        publicKey: bytesToHex(ed25519.getPublicKey(seed)),
        sign: (message) => bytesToHex(ed25519.sign(utf8ToBytes(message), seed)),
    };
}
