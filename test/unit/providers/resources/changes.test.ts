import fc from "fast-check";

import { changesOf, hasUnknown, join, same } from "../../../../providers/resources/changes.js";
import { UNKNOWN } from "../../../../providers/resources/resource.js";

const json = fc.jsonValue({ maxDepth: 3 });

/** The same value with the keys of every map in another order. */
function reordered(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reordered);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .reverse()
            .map(([key, each]) => [key, reordered(each)]),
    );
}

describe("same", () => {
    it("is JSON equality without regard to the order of keys", () => {
        fc.assert(
            fc.property(json, (value) => {
                expect(same(value, reordered(structuredClone(value)))).toBe(true);
            }),
        );
    });

    it("is what comparing sorted JSON says", () => {
        const sorted = (value: unknown): string =>
            JSON.stringify(value, (_key, each: unknown) =>
                typeof each === "object" && each !== null && !Array.isArray(each)
                    ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
                    : each,
            );
        // JSON writes -0 as 0.
        const value = fc.jsonValue({ maxDepth: 2 }).map((each) => JSON.parse(JSON.stringify(each)) as unknown);
        fc.assert(
            fc.property(value, value, (a, b) => {
                expect(same(a, b)).toBe(sorted(a) === sorted(b));
            }),
        );
    });

    it.each([
        [UNKNOWN, UNKNOWN, true],
        [UNKNOWN, "x", false],
        [UNKNOWN, undefined, false],
        [{ a: undefined }, {}, false],
        [["a", "b"], ["b", "a"], false],
        [[], {}, false],
        [null, {}, false],
        [1, "1", false],
    ])("of %p and %p", (a, b, result) => {
        expect(same(a, b)).toBe(result);
        expect(same(b, a)).toBe(result);
    });
});

describe("changesOf", () => {
    it("finds none between a value and itself, whatever the order of keys", () => {
        fc.assert(
            fc.property(fc.dictionary(fc.string(), json), (map) => {
                const copy = reordered(structuredClone(map)) as Record<string, unknown>;
                expect(changesOf({ map }, { map: copy }, ["map"])).toEqual({});
            }),
        );
    });

    it("names the key of whatever was added or taken away, and nothing else", () => {
        fc.assert(
            fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), json), json, (map, entry) => {
                fc.pre(!("new1" in map));
                const more = { ...map, new1: entry };
                expect(changesOf({ map }, { map: more }, ["map"])).toEqual({ "map.new1": "add" });
                expect(changesOf({ map: more }, { map }, ["map"])).toEqual({ "map.new1": "delete" });
            }),
        );
    });

    it("finds a change exactly when a compared key differs", () => {
        const inputs = fc.dictionary(fc.constantFrom("a", "b", "c"), json);
        fc.assert(
            fc.property(inputs, inputs, (before, after) => {
                const differs = !same(before["a"], after["a"]) || !same(before["b"], after["b"]);
                expect(Object.keys(changesOf(before, after, ["a", "b"])).length > 0).toBe(differs);
            }),
        );
    });

    it("says update on the field, and goes no deeper", () => {
        const peers = { alice: { address: "10.8.0.2", deep: { a: 1 } } };
        const after = { alice: { address: "10.8.0.3", deep: { a: 2 }, routes: [] } };
        expect(changesOf({ peers }, { peers: after }, ["peers"])).toEqual({
            "peers.alice.address": "update",
            "peers.alice.deep": "update",
            "peers.alice.routes": "add",
        });
    });

    it("takes a list as a whole, and a value that becomes a map as one update", () => {
        expect(changesOf({ a: [1], b: "x", c: 1 }, { a: [1, 2], b: { x: 1 } }, ["a", "b", "c", "d"])).toEqual({
            a: "update",
            b: "update",
            c: "delete",
        });
    });

    it("finds a value that is not known yet different from one that was", () => {
        expect(changesOf({ a: { x: 1 } }, { a: { x: UNKNOWN } }, ["a"])).toEqual({ "a.x": "update" });
        expect(changesOf({ a: { x: 1 } }, { a: UNKNOWN }, ["a"])).toEqual({ a: "update" });
    });
});

describe("join", () => {
    it.each([
        ["peers", "alice", "peers.alice"],
        ["peers", "a-b_c", "peers.a-b_c"],
        ["peers", "9x", 'peers["9x"]'],
        ["drift", "rogue peer SHA256:x.y", 'drift["rogue peer SHA256:x.y"]'],
        ["drift", 'a"b', 'drift["a\\"b"]'],
    ])("%s and %s", (path, part, joined) => {
        expect(join(path, part)).toBe(joined);
    });
});

describe("hasUnknown", () => {
    it.each([
        [UNKNOWN, true],
        [{ a: [{ b: UNKNOWN }] }, true],
        [{ a: [{ b: 1 }], c: null, d: undefined }, false],
        ["unknown", false],
    ])("%p", (value, result) => {
        expect(hasUnknown(value)).toBe(result);
    });
});
