// @peculiar/x509 resolves its parts through decorators and needs the polyfill before it is loaded.
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import * as asn1 from "@peculiar/asn1-schema";
import {
    GeneralName,
    GeneralSubtree,
    GeneralSubtrees,
    id_ce_nameConstraints,
    NameConstraints,
} from "@peculiar/asn1-x509";
import * as x509 from "@peculiar/x509";
import { TunnelError } from "../errors.js";
import type { CertificateAlgorithm } from "./algorithm.js";

/** A certificate and its private key (PKCS #8), both PEM. */
export interface Issued {
    certificate: string;
    privateKey: string;
}

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const KEY_ALGORITHM = {
    ed25519: { name: "Ed25519" },
    "ecdsa-p256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

/**
 * Critical (RFC 5280, 4.2.1.10): names below a domain and addresses in networks, and none of the other kinds that verifiers
 * know, mail addresses and URIs. A kind that is not mentioned could be certified freely; one of which the same subtree is
 * permitted and excluded cannot be at all, whatever a verifier makes of an empty name. (Directory names and those of still
 * other kinds cannot be mentioned: Go then refuses every certificate.)
 *
 * @param networks CIDR
 */
export function nameConstraints(domain: string, networks: readonly string[]): x509.Extension {
    const permitted = [
        new GeneralName({ dNSName: domain }),
        ...networks.map((iPAddress) => new GeneralName({ iPAddress })),
    ];
    const nobody = [new GeneralName({ rfc822Name: NO_HOST }), new GeneralName({ uniformResourceIdentifier: NO_HOST })];
    const value = new NameConstraints({
        permittedSubtrees: subtrees([...permitted, ...nobody]),
        excludedSubtrees: subtrees(nobody),
    });
    return new x509.Extension(id_ce_nameConstraints, true, asn1.AsnConvert.serialize(value));
}

/** Below this there never is a name (RFC 2606). */
const NO_HOST = "invalid";

function subtrees(bases: GeneralName[]): GeneralSubtrees {
    return new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })));
}

export async function generateKeys(
    algorithm: CertificateAlgorithm,
    crypto: webcrypto.Crypto,
): Promise<webcrypto.CryptoKeyPair> {
    return (await crypto.subtle.generateKey(KEY_ALGORITHM[algorithm], true, [
        "sign",
        "verify",
    ])) as webcrypto.CryptoKeyPair;
}

export async function exportKey(key: webcrypto.CryptoKey, crypto: webcrypto.Crypto): Promise<string> {
    return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

export async function importKey(
    privateKey: string,
    certificate: x509.X509Certificate,
    crypto: webcrypto.Crypto,
): Promise<webcrypto.CryptoKey> {
    const algorithm = algorithmOf(certificate);
    if (algorithm !== "ed25519" && algorithm !== "ecdsa-p256") {
        throw new TunnelError("authority", `has an ${algorithm} key`, "use Ed25519 or ECDSA with P-256");
    }
    const der = x509.PemConverter.decodeFirst(privateKey);
    return await crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM[algorithm], false, ["sign"]);
}

export function algorithmOf({ publicKey }: { publicKey: x509.PublicKey }): string {
    const { name, namedCurve } = publicKey.algorithm as { name: string; namedCurve?: string };
    if (name === "Ed25519") {
        return "ed25519";
    }
    return name === "ECDSA" && namedCurve === "P-256" ? "ecdsa-p256" : [name, namedCurve].filter(Boolean).join(" ");
}

/** 127 random bits (RFC 5280, 4.1.2.2: positive, at most 20 octets), in hex; never zero. */
export function serialNumber(source: webcrypto.Crypto): string {
    const bytes = source.getRandomValues(new Uint8Array(16));
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return Buffer.from(bytes).toString("hex");
}

export function fingerprintOf(certificate: x509.X509Certificate): string {
    return Buffer.from(sha256(new Uint8Array(certificate.rawData))).toString("hex");
}

export function pem(certificate: x509.X509Certificate): string {
    return `${certificate.toString("pem")}\n`;
}

/** An hour back: a peer's clock may be behind the operator's. */
export function skewed(now: Date): Date {
    return new Date(wholeSeconds(now).getTime() - HOUR);
}

/** X.509 times have no fraction. */
export function wholeSeconds(now: Date): Date {
    return new Date(Math.floor(now.getTime() / 1000) * 1000);
}
