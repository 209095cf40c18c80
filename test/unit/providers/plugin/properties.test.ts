import { marshal, redact, unmarshal } from "../../../../providers/plugin/properties";
import type { JsonObject } from "../../../../providers/plugin/json";
import { UNKNOWN } from "../../../../providers/resources/resource";
import { OUTPUT_VALUE, secret, SIGNATURE, UNKNOWN_MARK } from "./harness";

describe("unmarshal", () => {
    it("unwraps secrets wherever they are and says which properties held one", () => {
        const received = unmarshal({
            plain: "x",
            key: secret("k".repeat(44)),
            peers: { alice: { psk: secret("p".repeat(44)), routes: [secret("10.0.0.0/8")] } },
        });
        expect(received.values).toStrictEqual({
            plain: "x",
            key: "k".repeat(44),
            peers: { alice: { psk: "p".repeat(44), routes: ["10.0.0.0/8"] } },
        });
        expect([...received.secrets]).toStrictEqual(["key", "peers"]);
        expect([...received.secretTexts]).toStrictEqual(["k".repeat(44), "p".repeat(44)]);
    });

    it("gives every map the same order, in whatever order it arrived", () => {
        const one = unmarshal({ host: { kind: "local", namespace: "n" }, audit: "a" });
        const other = unmarshal({ audit: "a", host: { namespace: "n", kind: "local" } });
        expect(JSON.stringify(other.values)).toBe('{"audit":"a","host":{"kind":"local","namespace":"n"}}');
        expect(JSON.stringify(one.values)).toBe(JSON.stringify(other.values));
    });

    it("knows the mark of every type of unknown", () => {
        const marks = [
            UNKNOWN_MARK,
            "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
            "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
            "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
            "030794c1-ac77-496b-92df-f27374a8bd58",
            "e48ece36-62e2-4504-bad9-02848725956a",
            "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        ];
        expect(unmarshal({ marks, uuid: "0f0e0d0c-72e0-46f7-96ec-b56ff0331ba9" }).values).toStrictEqual({
            marks: marks.map(() => UNKNOWN),
            uuid: "0f0e0d0c-72e0-46f7-96ec-b56ff0331ba9",
        });
    });

    it("tolerates output values: known, unknown, secret", () => {
        const output = (fields: JsonObject): JsonObject => ({ [SIGNATURE]: OUTPUT_VALUE, ...fields });
        const received = unmarshal({
            known: output({ value: "x", dependencies: ["urn:x"] }),
            unknown: output({}),
            hidden: output({ value: "s".repeat(16), secret: true }),
        });
        expect(received.values).toStrictEqual({ known: "x", unknown: UNKNOWN, hidden: "s".repeat(16) });
        expect([...received.secrets]).toStrictEqual(["hidden"]);
    });

    it("leaves null properties out and keeps a list's length", () => {
        expect(unmarshal({ a: null, b: { c: null, d: 1 }, e: [null, 1] }).values).toStrictEqual({
            b: { d: 1 },
            e: [null, 1],
        });
    });
});

describe("marshal", () => {
    it("wraps a secret property whole, marks unknowns and leaves null and undefined out", () => {
        const values = { a: 1, psk: "p", map: { k: UNKNOWN, n: null, u: undefined }, gone: undefined, nil: null };
        expect(marshal(values, (name) => name === "psk")).toStrictEqual({
            a: 1,
            psk: secret("p"),
            map: { k: UNKNOWN_MARK },
        });
    });

    it("refuses what is not JSON without quoting it", () => {
        for (const value of [() => "hush", Symbol("hush"), 10n, new Map([["hush", 1]])]) {
            expect(() => marshal({ key: { inner: [value] } }, () => false)).toThrow(
                new TypeError(`property key holds a ${typeof value} that is not JSON`),
            );
        }
    });

    it("is undone by unmarshal", () => {
        const values = { s: "x", l: [1, { a: UNKNOWN }], m: { "a.b": true } };
        const received = unmarshal(marshal(values, () => true));
        expect(received.values).toStrictEqual(values);
        expect([...received.secrets]).toStrictEqual(["l", "m", "s"]);
    });
});

describe("redact", () => {
    it("hides a secret and each line of one that has several", () => {
        const { secretTexts } = unmarshal({
            pem: secret("-----BEGIN KEY-----\nMHcCAQEEIHsecretsecret\n-----END KEY-----"),
        });
        expect(redact('bad line "MHcCAQEEIHsecretsecret" of alice', secretTexts)).toBe('bad line "[secret]" of alice');
    });
});
