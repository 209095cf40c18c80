import * as fc from "fast-check";

import {
    attempted,
    divided,
    isWithin,
    merged,
    mirroredSplit,
    type Range,
    Split,
    within,
    without,
} from "../../../../core/flows/packet.js";
import { packet } from "./relays.js";

const number = fc.integer({ min: 0, max: 60 });
const range = fc.tuple(number, number).map(([a, b]): Range => [Math.min(a, b), Math.max(a, b)]);
const has = (ranges: readonly Range[], value: number): boolean => ranges.some((each) => isWithin([value, value], each));

it("merges and subtracts intervals", () => {
    fc.assert(
        fc.property(fc.array(range), range, number, (ranges, whole, value) => {
            expect(has(merged(ranges), value)).toBe(has(ranges, value));
            expect(has(without(whole, merged(ranges)), value)).toBe(has([whole], value) && !has(ranges, value));
        }),
    );
});

it("parts packets at an interval that only some of them are in; an answer by the other end of its question", () => {
    const all = packet();
    const some = { ...all, box: { ...all.box, dport: [0, 100] as const } };
    const split = attempted(() => within(some, "dport", [10, 20]));
    expect(split).toEqual(new Split("dport", [10, 20]));
    expect(attempted(() => within({ ...some, mirrored: true }, "dport", [10, 20]))).toEqual(
        mirroredSplit(split as Split),
    );
    expect(divided(some.box as never, split as Split).map(({ dport }) => dport)).toEqual([
        [0, 9],
        [21, 100],
        [10, 20],
    ]);
    expect([within(some, "dport", [0, 200]), within(some, "dport", [101, 200])]).toEqual([true, false]);
});
