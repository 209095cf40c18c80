import { sha256 } from "@noble/hashes/sha2.js";

import { certificateInfo, type CertificateInfo } from "./index.js";
import { TunnelError } from "../errors.js";
import { escapeXml } from "../xml.js";

/** One authority that clients are to trust, as it is handed out. */
export interface TrustedAuthority extends CertificateInfo {
    /** Of this certificate alone. */
    pem: string;
    der: Uint8Array;
}

/**
 * Every certificate in a text, in its order.
 *
 * @throws TunnelError when one of them cannot be read, or there is none
 */
export function authoritiesIn(pem: string): TrustedAuthority[] {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) {
        throw new TunnelError("certificate", "is not there", "give at least one certificate in PEM form");
    }
    return blocks.map((block) => ({
        ...certificateInfo(block),
        pem: `${block}\n`,
        der: Uint8Array.from(Buffer.from(block.replace(/-----[^-]+-----|\s/g, ""), "base64")),
    }));
}

/** A fingerprint as browsers, systems and `openssl x509 -fingerprint -sha256` show it: AB:CD:… */
export function spelledFingerprint(hex: string): string {
    return (hex.toUpperCase().match(/../g) ?? []).join(":");
}

/**
 * A configuration profile with which macOS and iOS install authorities. The same authorities give the same bytes, so that
 * a profile that is installed again replaces itself.
 *
 * @throws TunnelError for an Ed25519 authority, which Apple's systems do not take: one of them would spoil the whole profile
 */
export function appleProfile(relay: string, appName: string, authorities: readonly TrustedAuthority[]): string {
    const unsupported = authorities.find(({ algorithm }) => algorithm !== "ecdsa-p256");
    if (unsupported !== undefined || authorities.length === 0) {
        throw new TunnelError(
            "Apple profile",
            `Apple's systems do not support a CA with ${unsupported?.algorithm ?? "no"} key`,
            'give a service `certificate: "both"` (the default) or "ecdsa-p256": its authority is made with it',
        );
    }
    const identifier = `internal.${appName}.${relay.toLowerCase().replaceAll("_", "-")}.ca`;
    const certificates = authorities.map((authority) => ({
        PayloadType: "com.apple.security.root",
        PayloadVersion: 1,
        PayloadIdentifier: `${identifier}.${authority.fingerprint.slice(0, 16)}`,
        PayloadUUID: uuid(`certificate ${authority.fingerprint}`),
        PayloadDisplayName: `${appName} internal CA of ${relay}`,
        PayloadDescription: `SHA-256 ${spelledFingerprint(authority.fingerprint)}`,
        PayloadCertificateFileName: `${relay}.cer`,
        PayloadContent: authority.der,
    }));
    return plist({
        PayloadType: "Configuration",
        PayloadVersion: 1,
        PayloadIdentifier: identifier,
        PayloadUUID: uuid(`profile ${identifier} ${authorities.map(({ fingerprint }) => fingerprint).join(" ")}`),
        PayloadDisplayName: `${appName}: services of ${relay}`,
        PayloadDescription: `Lets this device trust the services of relay ${relay}, under ${appName}.internal and its tunnel addresses only.`,
        PayloadRemovalDisallowed: false,
        PayloadContent: certificates,
    });
}

type PlistValue = string | number | boolean | Uint8Array | PlistValue[] | { [key: string]: PlistValue };

function plist(value: PlistValue): string {
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
        '<plist version="1.0">',
        element(value),
        "</plist>\n",
    ].join("\n");
}

function element(value: PlistValue): string {
    if (typeof value === "string") return `<string>${escapeXml(value)}</string>`;
    if (typeof value === "number") return `<integer>${value}</integer>`;
    if (typeof value === "boolean") return value ? "<true/>" : "<false/>";
    if (value instanceof Uint8Array) return `<data>${Buffer.from(value).toString("base64")}</data>`;
    if (Array.isArray(value)) return `<array>\n${value.map(element).join("\n")}\n</array>`;
    const entries = Object.entries(value).map(([key, inner]) => `<key>${escapeXml(key)}</key>\n${element(inner)}`);
    return `<dict>\n${entries.join("\n")}\n</dict>`;
}

/** A UUID that stands for a text (RFC 9562, version 8: made from a hash of our choice). */
function uuid(text: string): string {
    const bytes = sha256(new TextEncoder().encode(text)).slice(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x80;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Buffer.from(bytes).toString("hex").toUpperCase();
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
