import fc from "fast-check";

import { table, widthOf } from "../../../cli/table.js";

const columns = [{ heading: "peer" }, { heading: "age", right: true }, { heading: "key", below: 1 }];
const rows = [
    ["alice", "7", "A".repeat(44)],
    ["bob", "120", "B".repeat(44)],
];

it("each column is as wide as its widest cell, numbers to the right", () => {
    expect(
        table(columns, [
            ["alice", "7", "k1"],
            ["bob", "120", ""],
        ]),
    ).toBe(["  peer   age  key", "  alice    7  k1", "  bob    120", ""].join("\n"));
});

it("in a narrow terminal a long column stands below its row, in one piece", () => {
    const lines = table(columns, rows, 56).trimEnd().split("\n");
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
        "peer",
        "alice",
        expect.stringMatching(/^key A{44}$/),
        "bob",
        expect.stringMatching(/^key B{44}$/),
    ]);
});

it("no line is longer than the terminal, and no character of a cell is lost", () => {
    const cell = fc.stringMatching(/^[a-z0-9]{1,50}$/);
    fc.assert(
        fc.property(
            fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }),
            fc.integer({ min: 40, max: 160 }),
            (cells, width) => {
                const printed = table(columns, cells, width);
                for (const line of printed.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
                const count = (text: string): number => text.replace(/\s/g, "").length;
                expect(count(printed)).toBeGreaterThanOrEqual(count(cells.flat().join("")));
            },
        ),
    );
});

it("a pipe has no width, nor has a terminal that says none that serves", () => {
    const of = (columns?: number) => widthOf({ stdout: { columns } } as unknown as Parameters<typeof widthOf>[0]);
    expect([of(), of(0), of(19), of(80)]).toEqual([Infinity, Infinity, Infinity, 80]);
});
