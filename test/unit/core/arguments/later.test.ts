import { z } from "zod";

import { Later, orLater } from "../../../../core/arguments/later.js";
import { validate } from "../../../../core/arguments/validate.js";

const schema = z.strictObject({ list: orLater(z.array(z.int()).min(1)).default([1]) });

it("checks a plain value now, under its own path", () => {
    expect(validate(schema, { list: [1, 2] }, "thing")).toEqual({ list: [1, 2] });
    expect(validate(schema, {}, "thing")).toEqual({ list: [1] });
    expect(() => validate(schema, { list: [1, "2"] }, "thing")).toThrow(
        "thing.list[1]: is a string, not a number; give a number",
    );
    expect(() => validate(schema, { list: [] }, "thing")).toThrow("thing.list: is too short; give at least 1 entry");
});

it.each([
    ["a promise", () => Promise.resolve([1])],
    ["an Output", () => ({ __pulumiOutput: true })],
    ["a list with one in it", () => [1, Promise.resolve(2)]],
])("leaves %s for later, and checks it then", (_what, value) => {
    const supplied = value();
    const { list } = validate(schema, { list: supplied }, "thing");
    expect(list).toBeInstanceOf(Later);
    const later = list as Later<number[]>;
    expect(later.supplied).toBe(supplied);
    expect(later.read([3], "thing.list")).toEqual([3]);
    expect(() => later.read(["3"], "thing.list")).toThrow("thing.list[0]: is a string, not a number; give a number");
});
