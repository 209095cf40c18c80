import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { InvalidArgument } from "./errors.js";

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

/** The public half of a private key. */
export function publicKeyOf(privateKey: string): string {
    return encode(x25519.getPublicKey(decode(privateKey)));
}

/**
 * A peer's or relay's public key, as given.
 *
 * @throws InvalidArgument when it is not canonical base64 of 32 bytes, is not the one encoding of its point, or is a
 * point of low order (RFC 7748, section 6.1): a tunnel with such a key has a secret everybody knows
 */
export function parsePublicKey(text: string, subject: string): string {
    const bytes = decodeKey(text, subject, "a WireGuard public key", "give what `wg pubkey` printed");
    const u = littleEndian(bytes);
    // X25519 ignores the top bit and reduces modulo p, so one point has several spellings: judge the point first.
    if (LOW_ORDER.has((u & MASK) % P)) {
        throw new InvalidArgument(
            subject,
            "is a point of low order, which gives no secrecy",
            "give what `wg pubkey` printed",
        );
    }
    if (u >= P) {
        throw new InvalidArgument(
            subject,
            "is not the canonical encoding of its point",
            "give what `wg pubkey` printed",
        );
    }
    return text;
}

/** A private key, as given. The error never contains the value. */
export function parsePrivateKey(text: string, subject: string): string {
    decodeKey(text, subject, "a WireGuard private key", "give what `wg genkey` printed");
    return text;
}

/** A preshared key, as given: canonical base64 of 32 bytes. The error never contains the value. */
export function parsePresharedKey(text: string, subject: string): string {
    decodeKey(text, subject, "a WireGuard preshared key", "give what `wg genpsk` printed");
    return text;
}

/**
 * What people compare: "SHA256:" and the first 16 characters (96 bits) of the base64 SHA-256 of the 32 raw key bytes.
 * `echo KEY | base64 -d | sha256sum` gives the same bits in hex.
 */
export function fingerprint(publicKey: string): string {
    return `SHA256:${encode(sha256(decode(publicKey))).slice(0, 16)}`;
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
    const info = utf8(JSON.stringify([peer.name, peer.publicKey, peer.keyEpoch, peer.admitted]));
    return encode(hkdf(sha256, ikm, utf8("pulumi-qp-tunnel preshared key v1"), info, KEY_BYTES));
}

const KEY_BYTES = 32;

/** The field prime of Curve25519, 2^255 - 19. */
const P = 2n ** 255n - 19n;
const MASK = 2n ** 255n - 1n;

/** u-coordinates of the points whose order divides 8, on the curve and on its twist. */
const LOW_ORDER: ReadonlySet<bigint> = new Set([
    0n,
    1n,
    P - 1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

function decodeKey(text: string, subject: string, what: string, fix: string): Uint8Array {
    const bytes = decode(text);
    if (bytes.length !== KEY_BYTES || encode(bytes) !== text) {
        throw new InvalidArgument(subject, `is not ${what}: ${fault(text, bytes)}`, fix);
    }
    return bytes;
}

/** What is wrong with a key, in words that do not contain it. */
function fault(text: string, bytes: Uint8Array): string {
    if (text.trim() !== text) {
        return "there is white space around it";
    }
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
        return "it is not base64";
    }
    return bytes.length === KEY_BYTES
        ? "its base64 is not canonical (44 characters, padded, no stray bits)"
        : `it is ${bytes.length} bytes of base64, not ${KEY_BYTES}`;
}

function littleEndian(bytes: Uint8Array): bigint {
    return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function encode(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}

function decode(text: string): Uint8Array {
    return new Uint8Array(Buffer.from(text, "base64"));
}

function utf8(text: string): Uint8Array {
    return new TextEncoder().encode(text);
}
