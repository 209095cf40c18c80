import { WireReader } from "../../../../providers/plugin/wireReader.js";

const read = (...bytes: number[]): WireReader => new WireReader(Buffer.from(bytes));

it.each([
    [[0], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xac, 0x02], 300],
    // Beyond what bit operations of JavaScript hold.
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Number.MAX_SAFE_INTEGER],
])("reads the number %j", (bytes, value) => {
    const reader = read(...bytes, 0x2a);
    expect(reader.varint()).toBe(value);
    expect(reader.at).toBe(bytes.length);
});

it.each([
    ["a number", 0, [0x80, 0x01], 2],
    ["eight bytes", 1, [1, 2, 3, 4, 5, 6, 7, 8], 8],
    ["a text", 2, [0x03, 65, 66, 67], 4],
    ["four bytes", 5, [1, 2, 3, 4], 4],
])("skips %s of a field that it does not know, whole or not at all", (_, type, bytes, length) => {
    const reader = read(...bytes, 0x2a);
    reader.skip(type);
    expect(reader.at).toBe(length);
    for (let cut = 0; cut < bytes.length; cut++)
        expect(() => read(...bytes.slice(0, cut)).skip(type)).toThrow("a message from the engine ends too early");
});

it.each([3, 4, 6, 7])("refuses the wire type %i, which nothing here speaks", (type) => {
    expect(() => read(0).skip(type)).toThrow(
        `a message from the engine has wire type ${type}, which nothing here speaks`,
    );
});

it("reads an entry with its value before its key, and passes over fields that it does not know", () => {
    // { a: true }, with a field 3 in the entry and one beside it.
    const entry = [0x12, 0x02, 0x20, 0x01, 0x18, 0x07, 0x0a, 0x01, 0x61];
    const bytes = [0x0a, entry.length, ...entry, 0x28, 0x05];
    expect(read(...bytes).struct(bytes.length)).toEqual({ a: true });
});

it("an entry without a value is null, and the last of two entries with one key counts", () => {
    const entry = (...value: number[]): number[] => [0x0a, 3 + value.length, 0x0a, 0x01, 0x61, ...value];
    const bytes = [...entry(0x12, 0x02, 0x20, 0x01), ...entry()];
    expect(read(...bytes).struct(bytes.length)).toEqual({ a: null });
});
