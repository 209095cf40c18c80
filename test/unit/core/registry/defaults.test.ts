import fc from "fast-check";

import { admittedOf, keyEpochOf, routesOf, unusual } from "../../../../core/registry/defaults.js";

it("what is left out because it is as usual reads as it was", () => {
    const fields = fc.record({
        routes: fc.array(fc.constantFrom("192.168.7.0/24", "fd01::/64"), { maxLength: 2 }),
        keyEpoch: fc.integer({ min: 1, max: 3 }),
        admitted: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
        fc.property(fields, (given) => {
            const kept = unusual(given);
            expect({ routes: routesOf(kept), keyEpoch: keyEpochOf(kept), admitted: admittedOf(kept) }).toEqual(given);
        }),
    );
});

it("a peer without networks, in its first epoch and admitted once takes no room", () => {
    expect(unusual({ routes: [], keyEpoch: 1, admitted: 1 })).toEqual({});
    expect(unusual({ routes: ["10.0.0.0/8"], keyEpoch: 2, admitted: 3 })).toEqual({
        ...{ routes: ["10.0.0.0/8"], keyEpoch: 2, admitted: 3 },
    });
});
