import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";

import { COORDINATE, positive, type SshPublicKey } from "../../core/approval/sshKey.js";
import type { RawSignature, SshCrypto } from "../../core/approval/sshSignature.js";
import { joinBytes, SshReader } from "../../core/approval/sshWire.js";

/** OpenSSH's signatures, checked by OpenSSL. What is malformed is not valid. */
export const sshCrypto: SshCrypto = {
    hash: (algorithm, data) => hash(algorithm, data, "buffer"),
    verify(key, signature, data) {
        try {
            return verifyWith(key, signature, data);
        } catch {
            return false;
        }
    },
};

function verifyWith(key: SshPublicKey, signature: RawSignature, data: Uint8Array): boolean {
    const { algorithm, bytes } = signature;
    switch (key.kind) {
        case "ed25519":
            return (
                algorithm === (key.application === undefined ? "ssh-ed25519" : "sk-ssh-ed25519@openssh.com") &&
                verify(null, signedBy(key.application, signature, data), edKey(key.point), bytes)
            );
        case "ecdsa":
            return (
                algorithm ===
                    (key.application === undefined
                        ? `ecdsa-sha2-${key.curve}`
                        : "sk-ecdsa-sha2-nistp256@openssh.com") &&
                verify(
                    HASHES[key.curve],
                    signedBy(key.application, signature, data),
                    { key: ecKey(key), dsaEncoding: "ieee-p1363" },
                    pairOf(bytes, COORDINATE[key.curve]),
                )
            );
        case "rsa": {
            const digest = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" }[algorithm];
            return digest !== undefined && verify(digest, data, rsaKey(key), bytes);
        }
    }
}

const HASHES = { nistp256: "sha256", nistp384: "sha384", nistp521: "sha512" } as const;
/** Of a token's flags: that a person touched it. */
const TOUCHED = 1;

/** A token signs the data's hash with what it did. One that nobody touched proves no person. */
function signedBy(application: string | undefined, { token }: RawSignature, data: Uint8Array): Uint8Array {
    if (application === undefined) return data;
    if (token === undefined || (token.flags & TOUCHED) === 0) throw new RangeError("the token was not touched");
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(token.counter);
    const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
    return joinBytes(sha256(Buffer.from(application)), Uint8Array.of(token.flags), counter, sha256(data));
}

function edKey(point: Uint8Array): KeyObject {
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: url(point) }, format: "jwk" });
}

function ecKey({ curve, point }: SshPublicKey & { kind: "ecdsa" }): KeyObject {
    const size = COORDINATE[curve];
    const crv = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" }[curve];
    const [x, y] = [url(point.subarray(1, 1 + size)), url(point.subarray(1 + size))];
    return createPublicKey({ key: { kty: "EC", crv, x, y }, format: "jwk" });
}

function rsaKey({ exponent, modulus }: SshPublicKey & { kind: "rsa" }): KeyObject {
    return createPublicKey({ key: { kty: "RSA", n: url(modulus), e: url(exponent) }, format: "jwk" });
}

/** Both numbers of an ECDSA signature, each in the width of the curve. */
function pairOf(bytes: Uint8Array, size: number): Uint8Array {
    const reader = new SshReader(bytes);
    const numbers = [positive(reader.field()), positive(reader.field())];
    reader.end();
    return joinBytes(...numbers.flatMap((number) => [new Uint8Array(size - number.length), number]));
}

function url(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64url");
}
