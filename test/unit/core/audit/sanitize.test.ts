import fc from "fast-check";

import { canonicalJson } from "../../../../core/audit/canonical.js";
import { MAX_STRING, sanitizeDetails, sanitizeText } from "../../../../core/audit/sanitize.js";

test("control characters become visible, text stays text", () => {
    expect(sanitizeText("line\r\n\tnext\u0000\u001b[31m red \u007f \u009b é 東 \u{1f511}")).toBe(
        "line␍␊␉next␀␛[31m red ␡ <U+009B> é 東 \u{1f511}",
    );
});

test("marks that turn text around become visible", () => {
    expect(sanitizeText("a\u202eb\u2066c\u2028d\u200fe")).toBe("a<U+202E>b<U+2066>c<U+2028>d<U+200F>e");
});

test("half a character becomes the replacement character", () => {
    expect(sanitizeText("a\ud83db\udd11c\u{1f511}")).toBe("a\ufffdb\ufffdc\u{1f511}");
});

test("a long text is cut, and says how much is missing", () => {
    expect(sanitizeText("x".repeat(MAX_STRING + 5))).toBe(`${"x".repeat(MAX_STRING)}… (5 more characters)`);
    expect(sanitizeText("x".repeat(MAX_STRING))).toBe("x".repeat(MAX_STRING));
});

test("details become what every reader reads alike", () => {
    const details = {
        count: 3,
        half: 0.5,
        minusZero: -0,
        huge: 2 ** 53,
        big: 10n ** 30n,
        none: undefined,
        method() {
            return 1;
        },
        list: [1, undefined, Symbol("x"), null],
        when: new Date(0),
        never: new Date(NaN),
        error: new Error("broke\nhere"),
        "10.8.0.0/24": true,
        "10.8.0.0:24": false,
        "": "empty",
    };
    expect(sanitizeDetails(details)).toEqual({
        count: 3,
        half: "0.5",
        minusZero: 0,
        huge: "9007199254740992",
        big: "1000000000000000000000000000000",
        list: [1, null, null, null],
        when: "1970-01-01T00:00:00.000Z",
        never: "(no date)",
        error: "broke␊here",
        "10.8.0.0_24": true,
        "10.8.0.0_24_2": false,
        _: "empty",
    });
});

test("a member called __proto__ is kept and sets no prototype", () => {
    const sanitized = sanitizeDetails(JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(Object.keys(sanitized)).toEqual(["__proto__"]);
    expect(sanitized["polluted"]).toBeUndefined();
});

test("a circle ends", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(canonicalJson(sanitizeDetails(circle))).toContain('"(nested too deeply)"');
});

test("whatever comes in, what comes out has a canonical form and stays as it is", () => {
    const anything = fc.anything({
        maxDepth: 5,
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withSparseArray: true,
    });
    fc.assert(
        fc.property(fc.dictionary(fc.string({ unit: "binary" }), anything), (details) => {
            const once = sanitizeDetails(details);
            expect(() => canonicalJson(once)).not.toThrow();
            expect(sanitizeDetails(once)).toEqual(once);
        }),
    );
});
