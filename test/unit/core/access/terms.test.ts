import * as fc from "fast-check";

import {
    hasEnded,
    longest,
    parseTerms,
    renderTerms,
    type Terms,
    termsWords,
    withTerms,
} from "../../../../core/access/terms.js";

const [EARLY, LATE] = ["2027-01-31T18:00:00Z", "2027-02-01T00:00:00Z"];

it.each<[Terms, Terms, Terms]>([
    [{ until: EARLY }, {}, {}],
    [
        { until: EARLY, ticket: "A" },
        { until: LATE, ticket: "B" },
        { until: LATE, ticket: "B" },
    ],
    [{ groups: ["ops"] }, {}, {}],
    [{ groups: ["ops"] }, { groups: ["ops", "admins"] }, { groups: ["ops", "admins"] }],
    [
        { until: EARLY, groups: ["ops"] },
        { until: EARLY, reason: "shift" },
        { until: EARLY, reason: "shift" },
    ],
    [{ window: "mon 08:00-18:00 UTC" }, {}, {}],
    [{ window: "mon 08:00-18:00 UTC", until: EARLY }, { until: LATE }, { until: LATE }],
])("of %j and %j, %j counts, in either order", (one, other, expected) => {
    for (const found of [longest(one, other), longest(other, one)]) {
        const { groups, ...rest } = found ?? {};
        expect({ ...rest, ...(groups === undefined ? {} : { groups: [...groups].sort().reverse() }) }).toEqual(
            expected,
        );
    }
});

it("neither counts for both where each has times of its own", () => {
    expect(longest({ window: "mon 08:00-18:00 UTC" }, { until: EARLY })).toBeUndefined();
    expect(longest({ window: "mon 08:00-18:00 UTC" }, { window: "tue 08:00-18:00 UTC" })).toBeUndefined();
});

it("ends at its moment, and not before", () => {
    expect(hasEnded({}, new Date(EARLY))).toBe(false);
    expect(hasEnded({ until: EARLY }, new Date(EARLY))).toBe(true);
    expect(hasEnded({ until: EARLY }, new Date(Date.parse(EARLY) - 1))).toBe(false);
});

it("reads the terms that it writes, whatever is in a reason", () => {
    const line = fc.string({ minLength: 1 });
    const terms = fc.record({ until: fc.constantFrom(EARLY, LATE), reason: line, ticket: line }, { requiredKeys: [] });
    const rule = fc.nat(250).map((last) => `10.8.0.2 -> 10.8.0.${last} tcp/22`);
    fc.assert(
        fc.property(fc.dictionary(rule, terms), (all) => expect(parseTerms(renderTerms(all))).toEqual({ ...all })),
    );
});

it.each(["alice nas all grants[0]", "a {", 'a {"until":5}', 'a {"more":"x"}', "a []", "a {]}", "a {}x"])(
    "sees no terms in %j",
    (line) => expect(withTerms(line)).toEqual({ rest: line }),
);

it("says terms in words", () => {
    expect(termsWords({})).toBe("");
    expect(termsWords({ reason: "audit" })).toBe("audit");
    expect(termsWords({ window: "mon 08:00-18:00 UTC" })).toBe("on mon 08:00-18:00 UTC");
    expect(termsWords({ until: EARLY, ticket: "OPS-7", groups: ["a", "b"], reason: "night shift" })).toBe(
        `until ${EARLY}, ticket OPS-7, by groups a and b: night shift`,
    );
});
