import type { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { familyOf } from "../addresses/index.js";
import { TunnelError } from "../errors.js";
import type { CertificateAlgorithm } from "./algorithm.js";
import {
    DAY,
    exportKey,
    fingerprintOf,
    generateKeys,
    importKey,
    nameConstraints,
    pem,
    serialNumber,
    skewed,
    wholeSeconds,
    type Issued,
} from "./x509.js";
import { rfc3339 } from "../time.js";

export interface IntermediateRequest {
    authority: Issued;
    /** Whose it is; part of its name. */
    relay: string;
    appName: string;
    /** The relay's own tunnel addresses: no others may be certified. */
    addresses: string[];
    algorithm: CertificateAlgorithm;
    now: Date;
    crypto: webcrypto.Crypto;
}

/**
 * An intermediate CA on one relay for the renewal of its services' certificates. An attacker who steals its key
 * gets no more than the relay has: it vouches for names below `<appName>.internal` and for this relay's own addresses, for
 * TLS servers, and for no further authority. Valid for 365 days, never longer than the one above it.
 *
 * @throws TunnelError when that one may not have another below it
 */
export async function createIntermediate(
    request: IntermediateRequest,
): Promise<Issued & { notBefore: string; notAfter: string; fingerprint: string }> {
    const { crypto, now, appName, addresses } = request;
    const issuer = new x509.X509Certificate(request.authority.certificate);
    if ((issuer.getExtension(x509.BasicConstraintsExtension)?.pathLength ?? 0) < 1) {
        throw new TunnelError(
            "certificate authority",
            "has no room for an intermediate CA, which a relay needs to renew certificates itself",
            'remove certificateRenewal: "relay", or create the relay again: its CA is of an earlier version',
        );
    }
    const keys = await generateKeys(request.algorithm, crypto);
    const end = new Date(wholeSeconds(now).getTime() + DAYS * DAY);
    const certificate = await x509.X509CertificateGenerator.create(
        {
            serialNumber: serialNumber(crypto),
            subject: [{ CN: [`${appName} relay ${request.relay}`.slice(0, LONGEST_NAME)] }],
            issuer: issuer.subjectName,
            notBefore: skewed(now),
            notAfter: end < issuer.notAfter ? end : issuer.notAfter,
            publicKey: keys.publicKey,
            signingKey: await importKey(request.authority.privateKey, issuer, crypto),
            extensions: [
                new x509.BasicConstraintsExtension(true, 0, true),
                new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
                new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
                nameConstraints(`${appName}.internal`, addresses.map(alone)),
                await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
                await x509.AuthorityKeyIdentifierExtension.create(issuer, false, crypto),
            ],
        },
        crypto,
    );
    return {
        certificate: pem(certificate),
        privateKey: await exportKey(keys.privateKey, crypto),
        notBefore: rfc3339(certificate.notBefore),
        notAfter: rfc3339(certificate.notAfter),
        fingerprint: fingerprintOf(certificate),
    };
}

const DAYS = 365;

/** RFC 5280, upper bound of a common name. */
const LONGEST_NAME = 64;

/** The network of one address. */
function alone(address: string): string {
    return `${address}/${familyOf(address) === 4 ? 32 : 128}`;
}
