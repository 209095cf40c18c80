import * as fc from "fast-check";

import type { Json, JsonObject } from "../../../../providers/plugin/json.js";
import { WireReader } from "../../../../providers/plugin/wireReader.js";
import { varint, WireWriter } from "../../../../providers/plugin/wireWriter.js";

function bytesOf(value: JsonObject): Buffer {
    const writer = new WireWriter();
    writer.struct(value);
    return writer.bytes();
}
const reread = (value: JsonObject): JsonObject => {
    const bytes = bytesOf(value);
    return new WireReader(bytes).struct(bytes.length);
};

it("writes a number as the reader reads it, in as few bytes as there can be", () => {
    fc.assert(
        fc.property(fc.maxSafeNat(), (value) => {
            const bytes = varint(value);
            expect(new WireReader(Buffer.from(bytes)).varint()).toBe(value);
            expect(bytes).toHaveLength(Math.max(1, Math.ceil(value.toString(2).length / 7)));
        }),
    );
    expect([...varint(300)]).toEqual([0xac, 0x02]);
});

it("writes a property as the protocol says", () => {
    // entry { key "a", value { string "b" } }: https://protobuf.dev/programming-guides/encoding/
    expect([...bytesOf({ a: "b" })]).toEqual([0x0a, 0x08, 0x0a, 0x01, 0x61, 0x12, 0x03, 0x1a, 0x01, 0x62]);
    expect(bytesOf({})).toHaveLength(0);
});

it("keeps the order of properties and lists", () => {
    const value = { b: 1, a: [3, 1, 2], c: { z: null, y: false } };
    expect(JSON.stringify(reread(value))).toBe(JSON.stringify(value));
});

it("grows with what it is given: texts longer than its buffer, and many short ones", () => {
    const long = "\u00e9".repeat(5000);
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, n): [string, Json] => [`key${n}`, n / 3]));
    expect(reread({ long, many, after: "x" })).toEqual({ long, many, after: "x" });
});
