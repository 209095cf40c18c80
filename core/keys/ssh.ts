import { ed25519 } from "@noble/curves/ed25519.js";

import { encode } from "./text.js";

/** An Ed25519 key pair as OpenSSH writes it to files. */
interface SshKeyPairText {
    /** "ssh-ed25519 AAAA…", without a comment: the line that is pinned, authorized and shown. */
    publicKey: string;
    /** "-----BEGIN OPENSSH PRIVATE KEY-----", unencrypted, with a final line break. */
    privateKey: string;
}

/**
 * A new key pair for SSH, of a host or for a login. Format: RFC 8709 for the public key, PROTOCOL.key of
 * OpenSSH for the private one.
 *
 * @param random a source of cryptographic randomness
 */
export function generateSshKeyPair(random: (bytes: number) => Uint8Array): SshKeyPairText {
    const seed = exactly(random(SEED_BYTES), SEED_BYTES);
    const check = exactly(random(CHECK_BYTES), CHECK_BYTES);
    const point = ed25519.getPublicKey(seed);
    const blob = joined(text(ALGORITHM), field(point));
    return { publicKey: `${ALGORITHM} ${encode(blob)}`, privateKey: armoured(unencrypted(blob, seed, point, check)) };
}

const ALGORITHM = "ssh-ed25519";
const SEED_BYTES = 32;
/** The same number twice in the private part: with encryption, that it was decrypted with the right passphrase. */
const CHECK_BYTES = 4;
/** Of no cipher: what the private part is padded to. */
const BLOCK = 8;
const LINE = 70;

function unencrypted(blob: Uint8Array, seed: Uint8Array, point: Uint8Array, check: Uint8Array): Uint8Array {
    // The comment is empty: it would be one more thing that names the relay on a machine it is injected into.
    const secret = joined(check, check, text(ALGORITHM), field(point), field(joined(seed, point)), text(""));
    const padding = Uint8Array.from({ length: (BLOCK - (secret.length % BLOCK)) % BLOCK }, (_, index) => index + 1);
    return joined(
        utf8("openssh-key-v1\0"),
        text("none"),
        text("none"),
        text(""),
        number(1),
        field(blob),
        field(joined(secret, padding)),
    );
}

function armoured(key: Uint8Array): string {
    const lines = encode(key).match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
    return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function text(value: string): Uint8Array {
    return field(utf8(value));
}

/** RFC 4251, section 5: a string is its length and its bytes. */
function field(bytes: Uint8Array): Uint8Array {
    return joined(number(bytes.length), bytes);
}

function number(value: number): Uint8Array {
    return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function joined(...parts: Uint8Array[]): Uint8Array {
    return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function utf8(value: string): Uint8Array {
    return new TextEncoder().encode(value);
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
    if (bytes.length !== length) throw new Error(`the random source gave ${bytes.length} bytes instead of ${length}`);
    return bytes;
}
