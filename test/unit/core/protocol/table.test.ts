import fc from "fast-check";

import { InvalidArgument } from "../../../../core/errors.js";
import { cellPart, tableLine, wordsLine } from "../../../../core/protocol/table.js";

const cell = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[a-z0-9./:=-]{0,12}$/),
    fc.constantFrom("a\tb", "a\nb", "a\rb", "a\u0000b", "a\u2028b", "a b", "a,b", ""),
);

/** What a line becomes, or undefined when it is refused. */
function rendered(render: () => string): string | undefined {
    try {
        return render();
    } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgument);
        return undefined;
    }
}

describe("a line of a table", () => {
    it("is read back as the cells it was made of, or refused", () => {
        fc.assert(
            fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
                const line = rendered(() => tableLine("peers", cells));
                if (line === undefined) return;
                expect(line.split("\n")).toHaveLength(2);
                expect(line.slice(0, -1).split("\t")).toEqual(cells);
            }),
        );
    });

    it("of words is read back as these words, or refused", () => {
        fc.assert(
            fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
                const line = rendered(() => wordsLine("network", cells));
                if (line !== undefined) expect(line.trimEnd().split(/\s/)).toEqual(cells);
            }),
        );
    });

    it("names the column of a bad value, and not the value", () => {
        expect(() => tableLine("peers", ["key", "secret\tvalue"])).toThrow(
            "column 2 of table peers: a value holds a separator or a control character; correct the value in the program; it would be read as another column or line",
        );
        expect(() => wordsLine("network", ["route", ""])).toThrow("column 2 of table network: a value is empty");
        expect(() => cellPart("gone", "10.0.0.1/32,10.0.0.2/32")).toThrow("a list in table gone: ");
    });
});
