import { createPrivateKey, createPublicKey, hkdfSync, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import {
    generateKeyPair,
    parsePresharedKey,
    parsePrivateKey,
    parsePublicKey,
    presharedKey,
} from "../../../../core/keys/index.js";
import { refusal } from "../refusal.js";

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

const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

function openSslPrivateKey(raw: Buffer) {
    return createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: "der", type: "pkcs8" });
}

function openSslPublicKey(privateKey: string): string {
    const key = createPublicKey(openSslPrivateKey(Buffer.from(privateKey, "base64")));
    return encode(key.export({ format: "der", type: "spki" }).subarray(SPKI.length));
}

function encode(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("base64");
}
