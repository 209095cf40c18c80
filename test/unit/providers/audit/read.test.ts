import { closeSync, openSync, writeFileSync } from "node:fs";

import fc from "fast-check";

import {
    bytesOf,
    endOfLines,
    fileSource,
    lineAt,
    linesBackwards,
    linesForwards,
} from "../../../../providers/audit/read.js";
import { scratchProject } from "./scratch.js";

scratchProject();

/** Lengths around the sizes of the pieces that are read. */
const lengths = fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(4_094, 4_095, 4_096, 32_767, 200_000, 262_142, 262_143));

test("lines are the same forwards, backwards and one by one; what is behind the last newline is none", () => {
    fc.assert(
        fc.property(fc.array(lengths, { maxLength: 6 }), fc.nat({ max: 30 }), (sizes, torn) => {
            const lines = sizes.map((size, index) => `${String.fromCharCode(97 + index).repeat(size)}\n`);
            const text = lines.join("") + "!".repeat(torn);
            writeFileSync("lines", text);
            const descriptor = openSync("lines", "r");
            try {
                const file = fileSource(descriptor);
                const forwards = [...linesForwards(file)].map(({ bytes, offset }) => [offset, String(bytes)]);
                expect(forwards.map(([, line]) => line)).toEqual(lines);
                const backwards = [...linesBackwards(file)].map(({ bytes, offset }) => [offset, String(bytes)]);
                expect(backwards.reverse()).toEqual(forwards);
                for (const [offset, line] of forwards) expect(String(lineAt(file, Number(offset))?.bytes)).toBe(line);
                expect(lineAt(file, text.length - torn)).toBeUndefined();
                expect(endOfLines(file, text.length)).toBe(text.length - torn);
                const pieces = [...bytesOf(file, 0, text.length - torn)];
                expect(Buffer.concat(pieces).toString()).toBe(lines.join(""));
            } finally {
                closeSync(descriptor);
            }
        }),
        { numRuns: 30 },
    );
});
