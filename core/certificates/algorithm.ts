/** `ed25519` is small and fast, and no browser takes it; `ecdsa-p256` is for services that browsers open. */
export type CertificateAlgorithm = "ed25519" | "ecdsa-p256";

/**
 * Which version of roots this makes: the first had no extended key usage, and vouched for mail addresses and URIs. Raise it
 * whenever their extensions change: roots of an earlier version are then reissued.
 */
export const AUTHORITY_VERSION = 2;
