import fc from "fast-check";

import { canonicalJson, CAPSULE_DECIMALS } from "../../../../core/audit/canonical.js";
import { noblePrimitives } from "../../../../core/audit/noble.js";

import { type CapsuleVector, frozenLog, sharedFixtures } from "./vectors.js";

test("keys are sorted, nothing is added between them", () => {
    expect(canonicalJson({ b: [1, "x", null], a: { z: true, "A.1": false } })).toBe(
        '{"a":{"A.1":false,"z":true},"b":[1,"x",null]}',
    );
});

test("a member called __proto__ is a member", () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1},"a":2}'))).toBe('{"__proto__":{"x":1},"a":2}');
});

test("only the decimal fields of a capsule have a decimal point", () => {
    const capsule = {
        reasoning: { confidence: 0, options: [{ feasibility: 1 }, { feasibility: 0.25 }] },
        confidence: 0,
    };
    expect(canonicalJson(capsule, CAPSULE_DECIMALS)).toBe(
        '{"confidence":0,"reasoning":{"confidence":0.0,"options":[{"feasibility":1.0},{"feasibility":0.25}]}}',
    );
});

test.each([
    ["half a character", "\ud800", '"\\ud800" holds a control character or half a character'],
    ["a newline", "a\nb", '"a\\nb" holds a control character or half a character'],
    ["minus zero", -0, "-0 is not an integer every reader keeps"],
    ["an integer beyond 2^53", 2 ** 53, "9007199254740992 is not an integer every reader keeps"],
    ["a number with an exponent", 5e-5, "0.00005 is not a number every reader writes alike"],
    ["not a number", NaN, "NaN is not a number every reader writes alike"],
    ["infinity", Infinity, "Infinity is not a number every reader writes alike"],
    ["undefined", { a: undefined }, "a value of type undefined has no JSON form"],
    ["a key with an umlaut", { ä: 1 }, 'the key "ä" is not of A-Z a-z 0-9 _ . -'],
    ["an empty key", { "": 1 }, 'the key "" is not of A-Z a-z 0-9 _ . -'],
])("%s has no canonical form", (_what, value, reason) => {
    expect(() => canonicalJson(value)).toThrow(new RangeError(reason));
});

test("nesting has an end", () => {
    let nested: unknown = 0;
    for (let depth = 0; depth < 65; depth++) nested = [nested];
    expect(() => canonicalJson(nested)).toThrow("nested deeper than 64 levels");
});

test("what it writes, any JSON reader reads back", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value));
    const key = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/);
    const { value } = fc.letrec((tie) => ({
        value: fc.oneof(
            { maxDepth: 5 },
            fc.constant(null),
            fc.boolean(),
            fc.maxSafeInteger().map((n) => n + 0),
            text,
            fc.array(tie("value"), { maxLength: 4 }),
            fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
        ),
    }));
    fc.assert(
        fc.property(value, (json) => {
            const written = canonicalJson(json);
            expect(JSON.parse(written)).toEqual(json);
            expect(canonicalJson(JSON.parse(written))).toBe(written);
        }),
    );
});

const vectors = [...frozenLog.capsules, ...sharedFixtures<CapsuleVector>("capsule-golden.json")];

test.each(vectors)("vector $name", ({ capsule_dict, canonical_json, sha3_256_hash }) => {
    expect(canonicalJson(capsule_dict, CAPSULE_DECIMALS)).toBe(canonical_json);
    expect(noblePrimitives.sha3(canonical_json)).toBe(sha3_256_hash);
});
