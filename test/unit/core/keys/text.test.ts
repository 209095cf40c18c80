import { createHash, createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import * as fc from "fast-check";
import {
    fingerprint,
    parsePresharedKey,
    parsePrivateKey,
    parsePublicKey,
    publicKeyOf,
} from "../../../../core/keys/index.js";
import { refusal } from "../refusal.js";

const P = 2n ** 255n - 19n;
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("parsePublicKey", () => {
    const FIX = "give the output of `wg pubkey`";
    const good = publicKeyOf(encode(Buffer.alloc(32, 7)));

    it.each([
        ["31 bytes", encode(Buffer.alloc(31, 7)), "it is 31 bytes of base64, not 32"],
        ["33 bytes", encode(Buffer.alloc(33, 7)), "it is 33 bytes of base64, not 32"],
        ["nothing", "", "it is 0 bytes of base64, not 32"],
        ["white space", `${good}\n`, "there is white space around it"],
        ["the URL alphabet", `${"-_".repeat(21)}8=`, "it is not base64"],
        ["missing padding", good.slice(0, -1), "its base64 is not canonical (44 characters, padded, no stray bits)"],
        ["stray bits", straying(good), "its base64 is not canonical (44 characters, padded, no stray bits)"],
        ["hex", Buffer.alloc(32, 7).toString("hex"), "it is 48 bytes of base64, not 32"],
    ])("refuses %s", (_what, text, fault) => {
        expect(refusal(() => parsePublicKey(text, "peers.alice.publicKey"))).toBe(
            `peers.alice.publicKey: is not a WireGuard public key: ${fault}; ${FIX}`,
        );
    });

    it.each(LOW_ORDER_POINTS())("refuses the low-order point %s in both spellings of its top bit", (hex) => {
        for (const top of [0, 0x80]) {
            const point = Buffer.from(hex, "hex");
            point[31]! |= top;
            expect(refusal(() => parsePublicKey(encode(point), "publicKey"))).toBe(
                `publicKey: is a point of low order, which provides no secrecy; ${FIX}`,
            );
            // The list is right: OpenSSL refuses to agree on a secret with any of them.
            expect(() => openSslAgreement(point)).toThrow();
        }
    });

    it("refuses a second spelling of a good point", () => {
        const topBit = Buffer.from(good, "base64");
        topBit[31]! |= 0x80;
        const notReduced = littleEndian(P + 9n);
        for (const point of [topBit, notReduced]) {
            expect(refusal(() => parsePublicKey(encode(point), "publicKey"))).toBe(
                `publicKey: is not the canonical encoding of its point; ${FIX}`,
            );
        }
    });

    it("takes the point just below the prime that is not of low order", () => {
        const text = encode(littleEndian(P - 2n));
        expect(parsePublicKey(text, "publicKey")).toBe(text);
    });
});

describe("private and preshared keys", () => {
    it("are refused without being repeated", () => {
        const text = `${"secret".repeat(7)}=`;
        const [first, second] = [parsePrivateKey, parsePresharedKey].map((parse) => refusal(() => parse(text, "key")));
        expect(first).toBe(
            "key: is not a WireGuard private key: it is 31 bytes of base64, not 32; give the output of `wg genkey`",
        );
        expect(second).toBe(
            "key: is not a WireGuard preshared key: it is 31 bytes of base64, not 32; give the output of `wg genpsk`",
        );
    });
});

describe("fingerprint", () => {
    it("is the start of the SHA-256 of the raw key", () => {
        fc.assert(
            fc.property(bytes32, (key) => {
                const digest = createHash("sha256").update(key).digest("base64");
                expect(fingerprint(encode(key))).toBe(`SHA256:${digest.slice(0, 16)}`);
            }),
        );
    });
});

/** Little-endian u-coordinates of all points whose order divides 8, with the spellings that are not reduced modulo p. */
function LOW_ORDER_POINTS(): string[] {
    return [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
}

const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

function openSslPrivateKey(raw: Buffer) {
    return createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: "der", type: "pkcs8" });
}

function openSslAgreement(point: Buffer): Buffer {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, point]), format: "der", type: "spki" });
    return diffieHellman({ privateKey: openSslPrivateKey(Buffer.alloc(32, 9)), publicKey });
}

/** The same bytes with one of the two unused bits set in the last character. */
function straying(text: string): string {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return `${text.slice(0, 42)}${alphabet[alphabet.indexOf(text.charAt(42)) + 1]}=`;
}

function littleEndian(value: bigint): Buffer {
    return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}

function encode(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}
