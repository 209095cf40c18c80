import { createHash, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import {
    fingerprint,
    generateKeyPair,
    parsePresharedKey,
    parsePrivateKey,
    parsePublicKey,
    presharedKey,
    publicKeyOf,
} from "../../../../core/keys/index.js";
import { refusal } from "../refusal.js";

const P = 2n ** 255n - 19n;
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("generateKeyPair", () => {
    it("clamps what the random source gives", () => {
        const { privateKey } = generateKeyPair((bytes) => new Uint8Array(bytes).fill(0xff));
        expect(Buffer.from(privateKey, "base64").toString("hex")).toBe(`f8${"ff".repeat(30)}7f`);
        const zeros = generateKeyPair((bytes) => new Uint8Array(bytes));
        expect(Buffer.from(zeros.privateKey, "base64").toString("hex")).toBe(`${"00".repeat(31)}40`);
    });

    it("does not write into the source's buffer", () => {
        const buffer = new Uint8Array(32).fill(0xff);
        generateKeyPair(() => buffer);
        expect(buffer.every((byte) => byte === 0xff)).toBe(true);
    });

    it("refuses a source that gives too little", () => {
        expect(() => generateKeyPair(() => new Uint8Array(31))).toThrow("gave 31 bytes instead of 32");
    });

    it("makes keys that the parsers take and OpenSSL derives the same public half from", () => {
        fc.assert(
            fc.property(bytes32, (seed) => {
                const { publicKey, privateKey } = generateKeyPair(() => seed);
                expect(parsePublicKey(publicKey, "")).toBe(publicKey);
                expect(parsePrivateKey(privateKey, "")).toBe(privateKey);
                expect(publicKey).toBe(openSslPublicKey(privateKey));
            }),
            { numRuns: 30 },
        );
    });
});

describe("parsePublicKey", () => {
    const FIX = "give what `wg pubkey` printed";
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
                `publicKey: is a point of low order, which gives no secrecy; ${FIX}`,
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
            "key: is not a WireGuard private key: it is 31 bytes of base64, not 32; give what `wg genkey` printed",
        );
        expect(second).toBe(
            "key: is not a WireGuard preshared key: it is 31 bytes of base64, not 32; give what `wg genpsk` printed",
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

describe("presharedKey", () => {
    const seed = encode(Buffer.alloc(32, 1));
    const peer = { name: "alice", publicKey: encode(Buffer.alloc(32, 7)), keyEpoch: 1, admitted: 1 };

    it("is HKDF-SHA256 of the seed, bound to the whole identity", () => {
        const info = `["alice","${peer.publicKey}",1,1]`;
        const expected = hkdfSync("sha256", Buffer.alloc(32, 1), "pulumi-qp-tunnel preshared key v1", info, 32);
        expect(presharedKey(seed, peer)).toBe(encode(new Uint8Array(expected)));
    });

    it("changes with every part of the identity and with the seed", () => {
        const keys = [
            presharedKey(seed, peer),
            presharedKey(encode(Buffer.alloc(32, 2)), peer),
            presharedKey(seed, { ...peer, name: "bob" }),
            presharedKey(seed, { ...peer, publicKey: encode(Buffer.alloc(32, 8)) }),
            presharedKey(seed, { ...peer, keyEpoch: 2 }),
            presharedKey(seed, { ...peer, admitted: 2 }),
            presharedKey(seed, { ...peer, keyEpoch: 11, admitted: 1 }),
            presharedKey(seed, { ...peer, keyEpoch: 1, admitted: 11 }),
        ];
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) {
            expect(parsePresharedKey(key, "")).toBe(key);
        }
    });

    it("refuses a seed that is not 32 bytes", () => {
        expect(refusal(() => presharedKey(encode(randomBytes(16)), peer))).toBe(
            "seed: is not a seed: it is 16 bytes of base64, not 32; give 32 random bytes in base64",
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

function openSslPublicKey(privateKey: string): string {
    const key = createPublicKey(openSslPrivateKey(Buffer.from(privateKey, "base64")));
    return encode(key.export({ format: "der", type: "spki" }).subarray(SPKI.length));
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
