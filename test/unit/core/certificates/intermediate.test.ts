import "reflect-metadata";
import { webcrypto as crypto, type webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";

import { createAuthority } from "../../../../core/certificates/index.js";
import { createIntermediate, type IntermediateRequest } from "../../../../core/certificates/intermediate.js";
import { importKey, nameConstraints, type Issued } from "../../../../core/certificates/x509.js";

const now = new Date("2026-11-22T10:30:15.700Z");
let authority: Issued & { notAfter: string };
beforeAll(async () => {
    authority = await createAuthority({ appName: "corp", subnet: "10.8.0.0/24", algorithm: "ed25519", now, crypto });
});

const below = (more: Partial<IntermediateRequest> = {}) =>
    createIntermediate({
        ...{ authority, relay: "hub", appName: "corp", addresses: ["10.8.0.1", "fd00::1"] },
        ...{ algorithm: "ecdsa-p256", now, crypto },
        ...more,
    });

it("is signed by the authority, and says what it is and for how long", async () => {
    const made = await below();
    const certificate = new X509Certificate(made.certificate);
    const above = new X509Certificate(authority.certificate);
    expect(certificate.checkIssued(above) && certificate.verify(above.publicKey)).toBe(true);
    expect(certificate.subject).toBe("CN=corp relay hub");
    expect(made).toMatchObject({
        notBefore: "2026-11-22T09:30:15Z",
        notAfter: "2027-11-22T10:30:15Z",
        fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    });
    expect(made.privateKey).toContain("PRIVATE KEY");
});

it("may certify servers below its domain at the relay's own addresses, and no further authority", async () => {
    const certificate = new x509.X509Certificate((await below()).certificate);
    const basic = certificate.getExtension(x509.BasicConstraintsExtension);
    expect([basic?.ca, basic?.pathLength, basic?.critical]).toEqual([true, 0, true]);
    expect(certificate.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.keyCertSign);
    expect(certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
        x509.ExtendedKeyUsage.serverAuth,
    ]);
    const wanted = nameConstraints("corp.internal", ["10.8.0.1/32", "fd00::1/128"]);
    const found = certificate.extensions.find(({ type }) => type === wanted.type);
    expect(found?.critical).toBe(true);
    expect(Buffer.from(found!.value)).toEqual(Buffer.from(wanted.value));
});

it("does not outlive the authority", async () => {
    const late = new Date(Date.parse(authority.notAfter) - 30 * 86_400_000);
    expect((await below({ now: late })).notAfter).toBe(authority.notAfter);
});

it("has a name of 64 characters at most", async () => {
    const { certificate } = await below({ relay: "r".repeat(100) });
    expect(new X509Certificate(certificate).subject).toBe(`CN=${`corp relay ${"r".repeat(100)}`.slice(0, 64)}`);
});

it("is not made below an authority of an earlier version, which has no room for one", async () => {
    const issuer = new x509.X509Certificate(authority.certificate);
    const key = await importKey(authority.privateKey, issuer, crypto);
    const keys = { privateKey: key, publicKey: (await issuer.publicKey.export(crypto)) as webcrypto.CryptoKey };
    const old = await x509.X509CertificateGenerator.createSelfSigned(
        { keys, name: "CN=old", notBefore: now, extensions: [new x509.BasicConstraintsExtension(true, 0, true)] },
        crypto,
    );
    await expect(below({ authority: { ...authority, certificate: old.toString("pem") } })).rejects.toThrow(
        'certificate authority: has no room for an intermediate CA, which a relay needs to renew certificates itself; remove certificateRenewal: "relay", or create the relay again: its CA is of an earlier version',
    );
});
