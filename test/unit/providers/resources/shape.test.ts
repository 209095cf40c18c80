import fc from "fast-check";

import { InvalidArgument } from "../../../../core/errors.js";
import { UNKNOWN } from "../../../../providers/resources/resource.js";
import {
    anything,
    both,
    conforms,
    fields,
    flag,
    known,
    listOf,
    mapOf,
    number,
    oneOf,
    optional,
    previewed,
    read,
    type Shape,
    text,
} from "../../../../providers/resources/shape.js";

const SECRET = "a secret that is in no message";
const peer = fields<{ address: string; epoch?: number }>({ address: text, epoch: optional(number) });

it.each<[Shape<unknown>, unknown, string | undefined]>([
    [text, "x", undefined],
    [text, 7, "is a number, not a string; give a string"],
    [number, SECRET, "is a string, not a number; give a number"],
    [flag, SECRET, "is a string, not true or false; give true or false"],
    [flag, undefined, "is missing; give true or false"],
    [text, null, "is an object, not a string; give a string"],
    [text, UNKNOWN, "is not known yet, and has to be; give a string"],
    [previewed(text), UNKNOWN, undefined],
    [previewed(text), 7, "is a number, not a string; give a string"],
    [oneOf("a", "b"), "b", undefined],
    [oneOf("a", "b"), SECRET, "is a string, not one of the values it may have; give a or b"],
    [listOf(text), {}, "is an object, not a list; give a list"],
    [mapOf(text), [SECRET], "is a list, not an object; give an object"],
    [peer, SECRET, "is a string, not an object; give an object"],
    [anything, undefined, undefined],
])("%# %j: %s", (shape, value, problem) => {
    expect(conforms(shape, value)).toBe(problem === undefined);
    const reading = (): unknown => read(shape, value, "x");
    if (problem === undefined) expect(reading()).toBe(value);
    else {
        expect(reading).toThrow(InvalidArgument);
        expect(reading).toThrow(new RegExp(`^x: ${problem}$`));
    }
});

it("a fault is named by its path, and nothing of the value is in a message", () => {
    const shape = fields<{ peers: Record<string, { address: string }[]> }>({ peers: mapOf(listOf(peer)) });
    expect(() => read(shape, { peers: { alice: [{ address: "a" }, { address: 7, key: SECRET }] } })).toThrow(
        /^peers\.alice\[1\]\.address: is a number, not a string; give a string$/,
    );
    expect(() => read(shape, { peers: { [SECRET]: 7 } })).toThrow(InvalidArgument);
});

it("an object may have more than is asked for, and is read as itself", () => {
    const value = { address: "a", more: SECRET };
    expect(read(peer, value)).toBe(value);
    expect(conforms(both(peer, fields<{ more: string }>({ more: text })), value)).toBe(true);
    expect(conforms(both(peer, fields<{ more: number }>({ more: number })), value)).toBe(false);
});

it("what is not known in a preview counts as none", () => {
    expect([known(UNKNOWN), known(undefined), known("x")]).toEqual([undefined, undefined, "x"]);
});

it("whatever it is, it conforms or is refused in our own words", () => {
    const shape = fields<{ a: string[]; b?: Record<string, number> }>({ a: listOf(text), b: optional(mapOf(number)) });
    fc.assert(
        fc.property(fc.record({ a: fc.anything(), b: fc.anything() }, { requiredKeys: [] }), (value) => {
            const isOfIt =
                Array.isArray(value.a) &&
                value.a.every((each) => typeof each === "string") &&
                (value.b === undefined ||
                    (typeof value.b === "object" &&
                        value.b !== null &&
                        !Array.isArray(value.b) &&
                        Object.values(value.b).every((each) => typeof each === "number")));
            expect(conforms(shape, value)).toBe(isOfIt);
            if (!isOfIt) expect(() => read(shape, value)).toThrow(InvalidArgument);
        }),
    );
});
