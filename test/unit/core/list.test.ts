import { listed } from "../../../core/list.js";

it.each([
    [[], ""],
    [["a"], "a"],
    [["a", "b"], "a, b"],
    [["a", "b", "c"], "a, b, c"],
    [["a", "b", "c", "d"], "a, b, c and 1 more"],
    [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
])("lists %j, three names at most", (names, text) => {
    expect(listed(names, { most: 3 })).toBe(text);
});

it("writes what it is told before the last name and before the number of the others", () => {
    const form = { most: 3, last: " and ", rest: ", and " };
    expect([["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]].map((names) => listed(names, form))).toEqual([
        "a",
        "a and b",
        "a, b and c",
        "a, b, c, and 1 more",
    ]);
});
