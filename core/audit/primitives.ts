/**
 * The cryptography the log needs, as an argument: the same records are sealed and checked with noble
 * (core/audit/noble.ts) or with the platform's own, which is ten to twenty times faster (providers/audit).
 */
export interface Primitives {
    /** SHA3-256 (FIPS 202) of UTF-8 text or bytes, lowercase hex. */
    sha3(data: string | Uint8Array): string;
    /** SHA-256 of the parts, one after the other. */
    sha256(...parts: Uint8Array[]): Uint8Array;
    /**
     * Ed25519 (RFC 8032) over UTF-8 text. Public key and signature in lowercase hex.
     * The caller has checked the key with {@link isUsablePublicKey}.
     */
    verify(publicKey: string, message: string, signature: string): boolean;
    /** The same on another thread, where there is one: many of them at a time. */
    verifyAside?(publicKey: string, message: string, signature: string): Promise<boolean>;
}

/** A signer of the log. */
export interface Signer {
    /** Ed25519 public key, 64 lowercase hex characters. */
    readonly publicKey: string;
    /** Ed25519 over UTF-8 text, lowercase hex. */
    sign(message: string): string;
}

/**
 * Whether an Ed25519 public key may seal a log: canonical encoding, and not of small order. With a small-order key one
 * signature fits every message, and verifiers in wide use accept it.
 *
 * @param publicKey 64 lowercase hex characters
 */
export function isUsablePublicKey(publicKey: string): boolean {
    if (!/^[0-9a-f]{64}$/.test(publicKey)) return false;
    const bytes = publicKey.match(/../g) ?? [];
    const y = BigInt(`0x${bytes.reverse().join("")}`) & ((1n << 255n) - 1n);
    return y < P && !SMALL_ORDER_Y.has(y);
}

const P = (1n << 255n) - 19n;
/** y of the points of order 8; with 0 (order 4), 1 (the identity) and -1 (order 2) all y coordinates of small order. */
const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_ORDER_Y = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);
