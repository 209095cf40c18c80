import { InvalidArgument } from "../errors.js";

/** WireGuard's text form of keys: base64 of 32 bytes, 44 characters. Reading it needs no cryptography. */
export const KEY_BYTES = 32;

/**
 * A peer's or relay's public key, as given.
 *
 * @throws InvalidArgument when it is not canonical base64 of 32 bytes, is not the one encoding of its point, or is a
 * point of low order (RFC 7748, section 6.1): a tunnel with such a key has a publicly known secret
 */
export function parsePublicKey(text: string, subject: string): string {
    const bytes = decodeKey(text, subject, "a WireGuard public key", "give the output of `wg pubkey`");
    const u = littleEndian(bytes);
    // X25519 ignores the top bit and reduces modulo p, so one point has several spellings: judge the point first.
    if (LOW_ORDER.has((u & MASK) % P)) {
        throw new InvalidArgument(
            subject,
            "is a point of low order, which provides no secrecy",
            "give the output of `wg pubkey`",
        );
    }
    if (u >= P) {
        throw new InvalidArgument(
            subject,
            "is not the canonical encoding of its point",
            "give the output of `wg pubkey`",
        );
    }
    return text;
}

/** A private key, as given. The error never contains the value. */
export function parsePrivateKey(text: string, subject: string): string {
    decodeKey(text, subject, "a WireGuard private key", "give the output of `wg genkey`");
    return text;
}

/** A preshared key, as given: canonical base64 of 32 bytes. The error never contains the value. */
export function parsePresharedKey(text: string, subject: string): string {
    decodeKey(text, subject, "a WireGuard preshared key", "give the output of `wg genpsk`");
    return text;
}

/** A relay's seed, as given: canonical base64 of 32 bytes. The error never contains the value. */
export function parseSeed(text: string, subject: string): string {
    decodeKey(text, subject, "a seed", "give 32 random bytes in base64: the output of `openssl rand -base64 32`");
    return text;
}

/** @param what, fix words of the error, which never contains the text */
export function decodeKey(text: string, subject: string, what: string, fix: string): Uint8Array {
    const bytes = decode(text);
    if (bytes.length !== KEY_BYTES || encode(bytes) !== text) {
        throw new InvalidArgument(subject, `is not ${what}: ${fault(text, bytes)}`, fix);
    }
    return bytes;
}

export function encode(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}

export function decode(text: string): Uint8Array {
    return new Uint8Array(Buffer.from(text, "base64"));
}

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
