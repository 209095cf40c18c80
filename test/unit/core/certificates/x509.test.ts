import "reflect-metadata";
import { createHash, createPrivateKey, createPublicKey, webcrypto as crypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";

import { createAuthority } from "../../../../core/certificates/index.js";
import {
    algorithmOf,
    exportKey,
    fingerprintOf,
    generateKeys,
    importKey,
    pem,
    serialNumber,
    skewed,
    wholeSeconds,
} from "../../../../core/certificates/x509.js";

const now = new Date("2026-11-22T10:30:15.700Z");
const authority = (algorithm: "ed25519" | "ecdsa-p256") =>
    createAuthority({ appName: "corp", subnet: "10.8.0.0/24", algorithm, now, crypto });

it.each(["ed25519", "ecdsa-p256"] as const)(
    "a %s key leaves as PKCS #8 and comes back as the same key",
    async (algorithm) => {
        const { certificate, privateKey } = await authority(algorithm);
        const issued = new x509.X509Certificate(certificate);
        expect(algorithmOf(issued)).toBe(algorithm);
        // It is the key of its certificate.
        const shown = createPublicKey(createPrivateKey(privateKey)).export({ type: "spki", format: "der" });
        expect(shown).toEqual(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }));
        const key = await importKey(privateKey, issued, crypto);
        expect([key.type, key.extractable, key.usages]).toEqual(["private", false, ["sign"]]);
        const { privateKey: fresh } = await generateKeys(algorithm, crypto);
        expect(await exportKey(fresh, crypto)).toMatch(
            /^-----BEGIN PRIVATE KEY-----\n[^]*\n-----END PRIVATE KEY-----\n$/,
        );
    },
);

it("an authority with another kind of key is refused", async () => {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
        { keys, name: "CN=x", notBefore: now, signingAlgorithm: { name: "ECDSA", hash: "SHA-384" } },
        crypto,
    );
    expect(algorithmOf(certificate)).toBe("ECDSA P-384");
    await expect(importKey("", certificate, crypto)).rejects.toThrow(
        "authority: has an ECDSA P-384 key; use Ed25519 or ECDSA with P-256",
    );
});

it("a certificate's fingerprint is the SHA-256 of what it is, and its PEM reads as it", async () => {
    const { certificate } = await authority("ed25519");
    const issued = new x509.X509Certificate(certificate);
    expect(fingerprintOf(issued)).toBe(createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex"));
    expect(pem(issued)).toBe(certificate);
});

it("a serial number is positive, never zero, and 16 octets whatever the random bytes are", () => {
    const from = (byte: number): string =>
        serialNumber({ getRandomValues: (bytes: Uint8Array) => bytes.fill(byte) } as unknown as typeof crypto);
    expect(from(0)).toBe(`40${"00".repeat(15)}`);
    expect(from(255)).toBe(`7f${"ff".repeat(15)}`);
});

it("times have no fraction, and begin an hour back", () => {
    expect(wholeSeconds(now).toISOString()).toBe("2026-11-22T10:30:15.000Z");
    expect(skewed(now).toISOString()).toBe("2026-11-22T09:30:15.000Z");
});
