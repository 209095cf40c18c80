import fc from "fast-check";

import { canonicalJson } from "../../../../core/audit/canonical.js";
import { joinDetails, PartJoiner, splitDetails } from "../../../../core/audit/parts.js";

test("what fits stays one record", () => {
    const details = { relay: "relay", peers: { alice: { address: "10.8.0.2" } } };
    expect(splitDetails(details, 1_000)).toEqual([details]);
});

test("what does not is spread over parts that say so", () => {
    expect(
        splitDetails({ relay: "r", peers: { a: "x".repeat(20), b: "y".repeat(20), c: "z" }, ports: [1, 2] }, 60),
    ).toEqual([
        { relay: "r", peers: { a: "x".repeat(20) }, part: 1, parts: 3 },
        { peers: { b: "y".repeat(20) }, part: 2, parts: 3 },
        { peers: { c: "z" }, ports: [1, 2], part: 3, parts: 3 },
    ]);
});

test("what can be divided no further leaves its size", () => {
    expect(splitDetails({ text: "x".repeat(100) }, 60)).toEqual([{ text: "(112 bytes left out)", part: 1, parts: 1 }]);
});

test("the parts of ten thousand peers are few and together the whole", () => {
    const peers = Object.fromEntries(
        Array.from({ length: 10_000 }, (_, n) => [
            `peer${n}`,
            { address: `10.8.${n >> 8}.${n & 255}`, routes: [], keyEpoch: 1 },
        ]),
    );
    const whole = { relay: "relay", ledger: { peers, services: {}, retired: { peers: {} } } };
    const parts = splitDetails(whole, 192 * 1024);
    expect(parts.length).toBeLessThanOrEqual(5);
    for (const part of parts) expect(Buffer.byteLength(canonicalJson(part))).toBeLessThan(200 * 1024);
    expect(joinDetails(parts.map((details) => ({ details })))).toEqual(whole);
});

test("joining inverts splitting, in any order; without one part there is no whole", () => {
    const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.nat(), fc.stringMatching(/^[a-z]{0,12}$/));
    const key = fc.stringMatching(/^[a-o]{1,4}$/);
    const value = fc.oneof(
        leaf,
        fc.array(leaf, { maxLength: 12 }),
        fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { noNullPrototype: true })), {
            noNullPrototype: true,
        }),
    );
    const wholes = fc.dictionary(key, value, { minKeys: 1, noNullPrototype: true });
    fc.assert(
        fc.property(wholes, fc.integer({ min: 60, max: 200 }), (whole, limit) => {
            const records = splitDetails(whole, limit).map((details) => ({ details }));
            expect(joinDetails([...records].reverse())).toEqual(whole);
            if (records.length > 1) expect(joinDetails(records.slice(1))).toBeUndefined();
        }),
    );
});

test("nothing is no record", () => {
    expect(joinDetails([])).toBeUndefined();
});

interface Line {
    action: string;
    correlation_id: string;
    details: Record<string, unknown>;
    /** Which line of which record it is. */
    line: string;
}

/** Lines of records of one operation, by record. */
function linesOf(wholes: object[]): Line[][] {
    return wholes.map((whole, record) =>
        splitDetails({ ...whole }, 60).map((details, part) => ({
            ...{ action: "peer_remove", correlation_id: "one", details },
            line: `${record}.${part}`,
        })),
    );
}

test("records of one operation come whole from a log, as their last lines have them, whichever way it is read", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 });
    fc.assert(
        fc.property(sizes, fc.constantFrom("oldest", "newest"), (counts, order) => {
            const wholes = counts.map((count) => ({ peers: Array.from({ length: count }, (_, n) => `peer ${n}`) }));
            const records = linesOf(wholes);
            const inOrder = <T>(all: T[]): T[] => (order === "oldest" ? all : all.toReversed());
            const joiner = new PartJoiner<Line>(order);
            const found = inOrder(records.flat())
                .map((line) => joiner.push(line))
                .filter((record) => record !== undefined);
            const expected = records.map((lines, n) => ({ ...lines.at(-1), details: wholes[n] }));
            expect(inOrder(found)).toEqual(expected);
        }),
    );
});

test("a record that lacks its end is none, and does not mix with the one before it", () => {
    const whole = { peers: ["a".repeat(40), "b".repeat(40), "c".repeat(40)] };
    const lines = linesOf([whole, whole]).flat().slice(0, -1);
    const joiner = new PartJoiner<Line>("newest");
    const found = lines.toReversed().map((line) => joiner.push(line)?.details);
    expect(found.filter((details) => details !== undefined)).toEqual([whole]);
});
