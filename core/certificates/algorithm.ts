/** `ed25519` is small and fast, and no browser takes it; `ecdsa-p256` is for services that browsers open. */
export type CertificateAlgorithm = "ed25519" | "ecdsa-p256";
