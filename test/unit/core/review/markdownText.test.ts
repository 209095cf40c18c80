import fc from "fast-check";

import { code, prose } from "../../../../core/review/markdownText.js";

/** Pieces of which a hostile name is made. */
const HOSTILE = [
    ...["`", "``", "```", "|", "\\|", "\\", "\n", "\r\n", "\t", "<script>", "</details>", "<!--", "-->", "&lt;", "[x](http://x)"],
    ...["![", "](", "@octocat", "#1", "!2", "$x$", "~x~", "*b*", "_e_", "http://x.example", "www.x.example", "x.example", "GH-1"],
    ...[":smile:", "1.", "1)", "-", "+", "#", ">", "=", "---", "/close", "\u202e", "\u0000", "é", "abcdef1", "(", ")", '"', "a"],
]; // prettier-ignore
const hostile = fc.array(fc.oneof(fc.constantFrom(...HOSTILE, " "), fc.string({ maxLength: 4 })), { maxLength: 12 });
const text = hostile.map((pieces) => pieces.join(""));
const spaced = fc.tuple(hostile, fc.constantFrom("", " ")).map(([pieces, gap]) => pieces.join(gap));

/** What is left when code is taken out, which neither Markdown nor a forge reads. */
function outside(markdown: string): string {
    const parts = markdown.split("`");
    // Each span is closed.
    expect(parts.length % 2).toBe(1);
    for (const span of parts.filter((_, index) => index % 2 === 1)) expect(span).toMatch(/^[^|\p{Cc}]+$/u);
    return parts.filter((_, index) => index % 2 === 0).join("CODE");
}

it("leaves only plain words outside of code", () => {
    fc.assert(
        fc.property(fc.oneof(text, spaced), (sentence) => {
            const left = outside(prose(sentence));
            expect(left).toMatch(/^[A-Za-z0-9 ,.;:()"'/-]*$/);
            // No list, no site, no issue, no mark of an emoji.
            expect(left).not.toMatch(/^\d+[.)]|www\.|\b[A-Za-z]+-\d+\b|:\w+:|^[-/]| [-/]|``/i);
        }),
        { numRuns: 2000 },
    );
});

it("makes one span of a value, whatever is in it", () => {
    fc.assert(fc.property(text, (value) => expect(outside(code(value))).toBe("CODE")));
    expect(code("")).toBe("`(empty)`");
    expect(code("a`b|c\n")).toBe("`a<U+0060>b<U+007C>c␊`");
    expect(code("x".repeat(400))).toBe(`\`${"x".repeat(300)}…\``);
});

it.each([
    [
        "hub: alice (10.8.0.2) is cut off at once; the key SHA256:MAyc stays revoked",
        "hub: alice (10.8.0.2) is cut off at once; the key `SHA256:MAyc` stays revoked",
    ],
    ["a, b and c (listed by `pulumi preview --diff`)", "a, b and c (listed by `pulumi preview --diff`)"],
    ["hub: services are named *.corp.internal", "hub: services are named `*.corp.internal`"],
    ["hub: fd12::2, for tcp/22", "hub: `fd12::2`, for tcp/22"],
    ["1. one", "`1`. one"],
    ["see GH-1 and 0-GH-1", "see `GH-1` and `0-GH-1`"],
    ["mail me@example.org (now)", "mail `me@example.org` (now)"],
])("writes %s", (sentence, written) => {
    expect(prose(sentence)).toBe(written);
});
