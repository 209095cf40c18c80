import { checkGenesis, checkHash, checkLine, checkSeal, checkSignature } from "../../../../core/audit/line.js";
import { MAX_LINE_BYTES } from "../../../../core/audit/seal.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, makeLog, ORIGIN } from "./logs.js";

const { log, lines, texts } = makeLog([1, 2].map((number) => entry(number)));
const [first, second, third] = lines as [(typeof lines)[number], (typeof lines)[number], (typeof lines)[number]];
const text = `${texts[1]!.trimEnd()}\n`;
const check = (line: string) => () => checkLine(Buffer.from(line), "log", 2);

describe("one line by itself", () => {
    it("is read when it is as the log writes it", () => {
        expect(check(text)()).toEqual(second);
    });

    it.each([
        ["no JSON", "{\n"],
        ["no newline", text.trimEnd()],
        ["a space more", text.replace('":', '": ')],
        ["a key twice", text.replace("{", '{"action":"peer_add",')],
        ["a field of somebody else's", text.replace("{", '{"more":1,')],
        ["bytes that are no UTF-8", "\ufffd"],
        ["null", "null\n"],
        ["a line too long", `{"a":"${"x".repeat(MAX_LINE_BYTES)}"}\n`],
    ])("is refused with %s", (_, line) => {
        expect(check(line)).toThrow(/^line 2 of log: /);
    });
});

describe("a line in its place", () => {
    const sealed = (line: typeof second, number: number, previous = first) =>
        checkSeal(line, previous, log, "log", number, nativePrimitives);

    it("is behind the line it says, and counts on", () => {
        expect(() => sealed(second, 2)).not.toThrow();
        expect(() => sealed(third, 2)).toThrow("its sequence is 2, not 1");
        expect(() => sealed(third, 3)).toThrow("its previous_hash is not the hash of the line before it");
    });

    it("has the content that was hashed, under the key and the log that it names", () => {
        const hashed = (line: typeof second, as = log) => checkHash(line, as, "log", 2, nativePrimitives);
        expect(() => hashed({ ...second, message: "another" })).toThrow("its content does not match its hash");
        expect(() => hashed(second, { ...log, stack: "prod" })).toThrow("its content does not match its hash");
        expect(() => hashed(second, { ...log, publicKey: "ab".repeat(32) })).toThrow("it is sealed by the key");
    });

    it("has its own signature", () => {
        expect(() => checkSignature(second, log, "log", 2, nativePrimitives)).not.toThrow();
        const swapped = { ...second, capsule: { ...second.capsule, signature: third.capsule.signature } };
        expect(() => checkSignature(swapped, log, "log", 2, nativePrimitives)).toThrow(/^line 2 of log/);
    });
});

describe("the first line", () => {
    it("says what the log is", () => {
        expect(checkGenesis(first, "log", nativePrimitives)).toEqual({ log });
    });

    it("is that of the log that was expected", () => {
        expect(() => checkGenesis(first, "log", nativePrimitives, ORIGIN)).not.toThrow();
        expect(() => checkGenesis(first, "log", nativePrimitives, { ...ORIGIN, stack: "prod" })).toThrow(
            "line 1 of log: it is the log of a different stack: dev, not prod",
        );
        expect(() => checkGenesis(first, "log", nativePrimitives, { genesis: "00" })).toThrow("it is a different log");
    });

    it("is no other record", () => {
        expect(() => checkGenesis(second, "log", nativePrimitives)).toThrow("the log's beginning is missing");
    });
});
