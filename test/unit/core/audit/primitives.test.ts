import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";

import { noblePrimitives, nobleSigner } from "../../../../core/audit/noble.js";
import { isUsablePublicKey } from "../../../../core/audit/primitives.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("noble and the platform hash alike", () => {
    fc.assert(
        fc.property(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
            expect(nativePrimitives.sha3(text)).toBe(noblePrimitives.sha3(text));
            expect(nativePrimitives.sha3(bytes)).toBe(noblePrimitives.sha3(bytes));
            expect(Buffer.from(nativePrimitives.sha256(bytes, bytes))).toEqual(
                Buffer.from(noblePrimitives.sha256(bytes, bytes)),
            );
        }),
    );
});

test("SHA3-256 of nothing and of abc is that of FIPS 202", () => {
    expect(noblePrimitives.sha3("")).toBe("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    expect(noblePrimitives.sha3("abc")).toBe("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
});

test("noble and the platform sign alike, and each believes the other, until a bit is changed", () => {
    fc.assert(
        fc.property(seeds, fc.string({ unit: "grapheme" }), fc.nat({ max: 511 }), (seed, message, bit) => {
            const [noble, native] = [nobleSigner(seed), nativeSigner(seed)];
            expect(native.publicKey).toBe(noble.publicKey);
            const signature = native.sign(message);
            expect(noble.sign(message)).toBe(signature);
            const changed = Buffer.from(signature, "hex");
            changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
            for (const { verify } of [noblePrimitives, nativePrimitives]) {
                expect(verify(noble.publicKey, message, signature)).toBe(true);
                expect(verify(noble.publicKey, message, changed.toString("hex"))).toBe(false);
                expect(verify(noble.publicKey, `${message}.`, signature)).toBe(false);
            }
        }),
        { numRuns: 25 },
    );
});

test("RFC 8032's first test key signs as published", () => {
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const { publicKey, sign } = nativeSigner(seed);
    expect(publicKey).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    expect(sign("")).toBe(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
});

describe("a public key that may seal", () => {
    const P = 2n ** 255n - 19n;

    test("is not of small order", () => {
        expect(ED25519_TORSION_SUBGROUP).toHaveLength(8);
        for (const point of ED25519_TORSION_SUBGROUP) expect([point, isUsablePublicKey(point)]).toEqual([point, false]);
    });

    test("is not of small order in another encoding", () => {
        // The order-8 points' y is too large to be written a second way; the others' are.
        for (const y of [0n, 1n, P - 1n]) {
            for (const value of [y, y + P].filter((candidate) => candidate < 2n ** 255n)) {
                for (const sign of [0n, 1n << 255n]) {
                    expect(isUsablePublicKey(littleEndian(value | sign))).toBe(false);
                }
            }
        }
    });

    test("is written in the one canonical way", () => {
        expect(isUsablePublicKey(littleEndian(P + 3n))).toBe(false);
        expect(isUsablePublicKey("AB".repeat(32))).toBe(false);
        expect(isUsablePublicKey("ab".repeat(31))).toBe(false);
    });

    test("is any real one", () => {
        fc.assert(
            fc.property(seeds, (seed) => {
                const key = Buffer.from(ed25519.getPublicKey(seed)).toString("hex");
                expect(isUsablePublicKey(key)).toBe(true);
            }),
            { numRuns: 25 },
        );
    });
});

function littleEndian(value: bigint): string {
    return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse().toString("hex");
}
