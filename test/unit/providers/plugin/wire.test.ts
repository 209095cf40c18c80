import * as fc from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import type { JsonObject } from "../../../../providers/plugin/json";
import { appendFields, decodeStruct, encodeStruct, liftFields } from "../../../../providers/plugin/wire";

const json = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
    value: fc.oneof(
        { depthSize: "small" },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true }),
        fc.integer(),
        fc.string({ unit: "grapheme" }),
        fc.array(tie("value"), { maxLength: 5 }),
        tie("object"),
    ),
    object: fc.dictionary(
        fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
        tie("value"),
        { maxKeys: 6, noNullPrototype: true },
    ) as fc.Arbitrary<JsonObject>,
}));

describe("the Struct codec", () => {
    it("reads what the generated classes write", () => {
        fc.assert(
            fc.property(json.object, (value) => {
                const bytes = Struct.fromJavaScript(value).serializeBinary();
                expect(decodeStruct(bytes)).toStrictEqual(value);
            }),
        );
    });

    it("writes what the generated classes read", () => {
        fc.assert(
            fc.property(json.object, (value) => {
                expect(Struct.deserializeBinary(encodeStruct(value)).toJavaScript()).toStrictEqual(value);
            }),
        );
    });

    it("keeps a key called __proto__ a key", () => {
        const value = JSON.parse('{"peers":{"__proto__":{"admin":true},"alice":{}}}') as JsonObject;
        const decoded = decodeStruct(encodeStruct(value));
        expect(JSON.stringify(decoded)).toBe('{"peers":{"__proto__":{"admin":true},"alice":{}}}');
        expect((decoded["peers"] as JsonObject)["admin"]).toBeUndefined();
    });

    it("refuses every message that is cut short, and says so", () => {
        const bytes = encodeStruct({ name: "alice", epoch: 1, nested: { list: [true, null, "x"] } });
        for (let length = 1; length < bytes.length; length++) {
            const cut = bytes.slice(0, length);
            const outcome = () => JSON.stringify(decodeStruct(cut));
            try {
                expect(outcome()).not.toBe(
                    JSON.stringify({ name: "alice", epoch: 1, nested: { list: [true, null, "x"] } }),
                );
            } catch (error) {
                expect((error as Error).message).toMatch(/ends too early|outside buffer bounds|out of range/);
            }
        }
    });

    it("takes fields out of a message and puts them back", () => {
        const message = appendFields(new Uint8Array(), [
            [1, Buffer.from("urn")],
            [3, encodeStruct({ a: 1 })],
            [300, Buffer.alloc(1000, 7)],
        ]);
        const { rest, fields } = liftFields(message, [3, 300]);
        expect(Buffer.from(rest).toString("latin1")).toBe("\n\x03urn");
        expect(decodeStruct(fields.get(3)!)).toStrictEqual({ a: 1 });
        expect(fields.get(300)).toStrictEqual(Buffer.alloc(1000, 7));
    });
});
