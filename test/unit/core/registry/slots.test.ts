import fc from "fast-check";

import { assignSlots, type Want } from "../../../../core/registry/slots.js";

type SlotRequest = Parameters<typeof assignSlots>[0];

const NAMES = ["alice", "bob", "carol", "dora", "erin"];
const slot = fc.integer({ min: 1, max: 8 });

const request: fc.Arbitrary<SlotRequest> = fc
    .record({
        wanted: fc.dictionary(
            fc.constantFrom(...NAMES),
            fc.record({ pinned: slot, current: slot, preferred: slot }, { requiredKeys: [] }),
        ),
        retired: fc.uniqueArray(fc.tuple(fc.constantFrom("old", "older", "oldest"), slot), {
            selector: ([name]) => name,
        }),
        blocked: fc.array(slot),
    })
    .map(({ wanted, retired, blocked }) => ({
        pool: { first: 2, last: 6 },
        blocked: (number) => blocked.includes(number),
        wanted: new Map<string, Want>(Object.entries(wanted)),
        retired: new Map(retired),
    }));

it("nobody shares a slot, and everybody is served, in conflict or without one", () => {
    fc.assert(
        fc.property(request, (asked) => {
            const { slots, conflicts, unserved } = assignSlots(asked);
            expect(new Set(slots.values()).size).toBe(slots.size);
            const told = [...slots.keys(), ...conflicts.map(({ name }) => name), ...unserved];
            expect(told.sort()).toEqual([...asked.wanted.keys()].sort());
        }),
    );
});

it("the order of declaration plays no part", () => {
    fc.assert(
        fc.property(request, (asked) => {
            const turned = { ...asked, wanted: new Map([...asked.wanted].reverse()) };
            expect(assignSlots(turned).slots).toEqual(assignSlots(asked).slots);
        }),
    );
});

it("whoever holds a slot keeps it, unless another name holds it as well", () => {
    fc.assert(
        fc.property(request, (asked) => {
            const { slots } = assignSlots(asked);
            for (const [name, { current, pinned }] of asked.wanted) {
                const same = [...asked.wanted].filter(
                    ([, want]) => want.pinned === undefined && want.current === current,
                );
                if (current !== undefined && pinned === undefined && same.length === 1)
                    expect(slots.get(name)).toBe(current);
            }
        }),
    );
});

it("a slot that a retired name left is given out only when no other is left", () => {
    const names = ["a", "b", "c"];
    const wanted = (count: number) => new Map<string, Want>(names.slice(0, count).map((name) => [name, {}]));
    const asked = { pool: { first: 1, last: 3 }, blocked: () => false, retired: new Map([["old", 1]]) };
    const two = assignSlots({ ...asked, wanted: wanted(2) });
    expect([[...two.slots], [...two.evicted]]).toEqual([
        [
            ["a", 2],
            ["b", 3],
        ],
        [],
    ]);
    const three = assignSlots({ ...asked, wanted: wanted(3) });
    expect([three.slots.get("c"), [...three.evicted]]).toEqual([1, ["old"]]);
    expect(assignSlots({ ...asked, pool: { first: 1, last: 2 }, wanted: wanted(3) }).unserved).toEqual(["c"]);
});

it("a pinned slot that another holds is a conflict, which names the holder", () => {
    const wanted = new Map<string, Want>([
        ["alice", { current: 2 }],
        ["bob", { pinned: 2 }],
    ]);
    const result = assignSlots({ pool: { first: 1, last: 3 }, blocked: () => false, wanted, retired: new Map() });
    expect(result.conflicts).toEqual([{ name: "bob", holder: "alice" }]);
    expect([...result.slots]).toEqual([["alice", 2]]);
});
