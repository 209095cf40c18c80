// @peculiar/x509 resolves its parts through decorators and needs the polyfill before it is loaded.
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import * as x509 from "@peculiar/x509";
import { parseSubnet } from "../addresses/index.js";
import { TunnelError } from "../errors.js";
import type { CertificateAlgorithm } from "./algorithm.js";
import {
    algorithmOf,
    DAY,
    exportKey,
    fingerprintOf,
    generateKeys,
    importKey,
    KEY_ALGORITHM,
    nameConstraints,
    pem,
    serialNumber,
    skewed,
    wholeSeconds,
    type Issued,
} from "./x509.js";
import { rfc3339 } from "../time.js";
import { serviceDomain } from "../names.js";

export { createIntermediate, type IntermediateRequest } from "./intermediate.js";
export type { CertificateAlgorithm } from "./algorithm.js";
export type { Issued } from "./x509.js";

export { daysLeft, expiresSoon, renewalDue } from "./validity.js";

interface AuthorityRequest {
    appName: string;
    /** The tunnel's IPv4 network, which this authority may vouch for. */
    subnet: string;
    algorithm: CertificateAlgorithm;
    now: Date;
    /** Web Crypto: makes keys, signatures and serial numbers. */
    crypto: webcrypto.Crypto;
}

interface LeafRequest {
    authority: Issued;
    service: string;
    appName: string;
    /** The tunnel addresses the service answers on. */
    addresses: string[];
    algorithm: CertificateAlgorithm;
    now: Date;
    crypto: webcrypto.Crypto;
    /** Validity; default 365. Never longer than the authority's own. */
    days?: number;
}

export interface CertificateInfo {
    /** RFC 3339, UTC. */
    notBefore: string;
    notAfter: string;
    subject: string;
    /** DNS names and IP addresses of the subject alternative name. */
    names: string[];
    /** An algorithm this library does not issue is named as Web Crypto names it. */
    algorithm: CertificateAlgorithm | (string & {});
    /** SHA-256 of the DER, lower-case hex. */
    fingerprint: string;
}

/**
 * A root that is good for the TLS servers of this relay and nothing else: its extended key usage is serverAuth alone, and
 * critical name constraints (RFC 5280, 4.2.1.10) permit `<appName>.internal` and what is below it, the IPv4 subnet, and
 * `fd00::/8`. Valid for 10 years.
 *
 * All of fd00::/8 from the start: an address family without a permitted subtree could be vouched for freely in some
 * verifiers and not at all in others, and a relay that gets a `subnet6` later must not need a new root.
 */
export async function createAuthority(request: AuthorityRequest): Promise<Issued & { notAfter: string }> {
    const { crypto } = request;
    const keys = await generateKeys(request.algorithm, crypto);
    return {
        ...(await selfSign(request, keys)),
        privateKey: await exportKey(keys.privateKey, crypto),
    };
}

/**
 * The same root by its key and name, with the extensions of today. Certificates that the old one vouches for are good under
 * the new one and the reverse, so clients may have either.
 */
export async function reissueAuthority(request: AuthorityRequest, old: Issued): Promise<Issued & { notAfter: string }> {
    const { crypto } = request;
    const certificate = new x509.X509Certificate(old.certificate);
    const privateKey = await importKey(old.privateKey, certificate, crypto);
    // Its own declaration names the browser's CryptoKey, which Node has under another name.
    const publicKey = (await certificate.publicKey.export(crypto)) as webcrypto.CryptoKey;
    return { ...(await selfSign(request, { privateKey, publicKey })), privateKey: old.privateKey };
}

/** A certificate for one service: good for its name and the tunnel addresses, as a TLS server, and nothing else. */
export async function issueLeaf(
    request: LeafRequest,
): Promise<Issued & { notBefore: string; notAfter: string; fingerprint: string }> {
    const keys = await generateKeys(request.algorithm, request.crypto);
    return {
        ...(await certify(request, keys.publicKey)),
        privateKey: await exportKey(keys.privateKey, request.crypto),
    };
}

/**
 * The same for a key that was made elsewhere. Of the request only the key counts, which it proves to have; what the
 * certificate vouches for is said here.
 *
 * @throws TunnelError when the request is not one, or not of the algorithm
 */
export async function certifyRequest(
    request: LeafRequest,
    requestPem: string,
): Promise<Omit<Issued, "privateKey"> & { notBefore: string; notAfter: string; fingerprint: string }> {
    return certify(request, await requestedKey(requestPem, request));
}

/**
 * What kind of key a certificate is asked for, and the SHA-256 of the key (DER), lower-case hex: the same in every
 * request for one key.
 */
export function requestInfo(requestPem: string): { algorithm: string; fingerprint: string } {
    const request = parseRequest(requestPem);
    const fingerprint = Buffer.from(sha256(new Uint8Array(request.publicKey.rawData))).toString("hex");
    return { algorithm: algorithmOf(request), fingerprint };
}

/** What a certificate says, read from its PEM. */
export function certificateInfo(certificatePem: string): CertificateInfo {
    let certificate: x509.X509Certificate;
    try {
        certificate = new x509.X509Certificate(certificatePem);
    } catch (cause) {
        throw new TunnelError("certificate", "cannot be read", "give one certificate in PEM form", { cause });
    }
    const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
    return {
        notBefore: rfc3339(certificate.notBefore),
        notAfter: rfc3339(certificate.notAfter),
        subject: certificate.subject,
        names: names.map((name) => name.value),
        algorithm: algorithmOf(certificate),
        fingerprint: fingerprintOf(certificate),
    };
}

const AUTHORITY_YEARS = 10;
const LEAF_DAYS = 365;

async function selfSign(
    request: AuthorityRequest,
    keys: webcrypto.CryptoKeyPair,
): Promise<{ certificate: string; notAfter: string }> {
    const { crypto } = request;
    const notAfter = new Date(wholeSeconds(request.now));
    notAfter.setUTCFullYear(notAfter.getUTCFullYear() + AUTHORITY_YEARS);
    const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
        {
            serialNumber: serialNumber(crypto),
            name: [{ CN: [`${request.appName} internal CA`] }],
            notBefore: skewed(request.now),
            notAfter,
            keys,
            extensions: [
                // One more below it, for a relay that is to renew its certificates by itself: should the operator want
                // that later, it must not need a new root.
                new x509.BasicConstraintsExtension(true, 1, true),
                new x509.KeyUsagesExtension(usage, true),
                new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
                nameConstraints(`${request.appName}.internal`, [
                    parseSubnet(request.subnet, "subnet", 4).cidr,
                    "fd00::/8",
                ]),
                await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
            ],
        },
        crypto,
    );
    return { certificate: pem(certificate), notAfter: rfc3339(certificate.notAfter) };
}

async function certify(
    request: LeafRequest,
    publicKey: webcrypto.CryptoKey,
): Promise<Omit<Issued, "privateKey"> & { notBefore: string; notAfter: string; fingerprint: string }> {
    const { crypto, now } = request;
    const issuer = new x509.X509Certificate(request.authority.certificate);
    const signingKey = await importKey(request.authority.privateKey, issuer, crypto);
    const end = new Date(wholeSeconds(now).getTime() + (request.days ?? LEAF_DAYS) * DAY);
    const certificate = await x509.X509CertificateGenerator.create(
        {
            serialNumber: serialNumber(crypto),
            subject: [{ CN: [request.service.toLowerCase()] }],
            issuer: issuer.subjectName,
            notBefore: skewed(now),
            notAfter: end < issuer.notAfter ? end : issuer.notAfter,
            publicKey,
            signingKey,
            extensions: [
                new x509.BasicConstraintsExtension(false, undefined, true),
                new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
                new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
                new x509.SubjectAlternativeNameExtension([
                    { type: "dns", value: serviceDomain(request.service, request.appName) },
                    ...request.addresses.map((value) => ({ type: "ip" as const, value })),
                ]),
                await x509.SubjectKeyIdentifierExtension.create(publicKey, false, crypto),
                await x509.AuthorityKeyIdentifierExtension.create(issuer, false, crypto),
            ],
        },
        crypto,
    );
    return {
        certificate: pem(certificate),
        notBefore: rfc3339(certificate.notBefore),
        notAfter: rfc3339(certificate.notAfter),
        fingerprint: fingerprintOf(certificate),
    };
}

async function requestedKey(requestPem: string, { algorithm, crypto }: LeafRequest): Promise<webcrypto.CryptoKey> {
    const request = parseRequest(requestPem);
    const found = algorithmOf(request);
    if (found !== algorithm) {
        throw new TunnelError("certificate request", `is for a ${found} key`, `request one for a ${algorithm} key`);
    }
    if (!(await request.verify(crypto))) {
        throw new TunnelError("certificate request", "is not signed by its own key", "create it again");
    }
    const spki = request.publicKey.rawData;
    return await crypto.subtle.importKey("spki", spki, KEY_ALGORITHM[algorithm], true, ["verify"]);
}

function parseRequest(requestPem: string): x509.Pkcs10CertificateRequest {
    try {
        return new x509.Pkcs10CertificateRequest(requestPem);
    } catch (cause) {
        throw new TunnelError("certificate request", "cannot be read", "give one request in PEM form", { cause });
    }
}
