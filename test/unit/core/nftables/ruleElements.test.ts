import { elementsBySet, ruleElements, withoutEnded } from "../../../../core/nftables/index.js";

const [ONE, OTHER] = ["10.8.0.2 -> 10.8.0.4 tcp/22", "10.8.0.2 -> 10.8.0.4 icmp"];
const terms = { [ONE]: { until: "2026-01-01T00:00:00Z", ticket: "OPS-7" }, [OTHER]: { groups: ["ops"] } };

it("parts rules that end from those that do not", () => {
    const elements = ruleElements([ONE, OTHER], terms);
    expect(elements.timed).toEqual([
        { set: "acl4_until", element: "10.8.0.2 . 10.8.0.4 . tcp . 22", until: 1767225600 },
    ]);
    expect(elementsBySet(elements)).toMatchObject({
        acl4: [],
        ping4: ["10.8.0.2 . 10.8.0.4"],
        acl4_until: ["10.8.0.2 . 10.8.0.4 . tcp . 22"],
    });
});

it("leaves out what has ended, and who is left with nothing", () => {
    const rules = { alice: [ONE], bob: [ONE, OTHER] };
    expect(withoutEnded(rules, terms, new Date("2025-12-31T23:59:59Z"))).toEqual({ rules, terms });
    expect(withoutEnded(rules, terms, new Date("2026-01-01T00:00:00Z"))).toEqual({
        rules: { bob: [OTHER] },
        terms: { [OTHER]: { groups: ["ops"] } },
    });
});
