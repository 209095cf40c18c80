import {
    calendarDue,
    calendarEnd,
    endedSentences,
    endedSince,
    endsFile,
    endWarnings,
    inputsNow,
    termsSentences,
    withoutEndedElements,
} from "../../../../../providers/resources/grants/ends.js";
import { sentencesOf } from "../../../../../providers/resources/effects.js";
import { grantsParts } from "../../../../../providers/resources/grants/grants.js";
import { type GrantsInputs, readGrants } from "../../../../../providers/resources/grants/inputs.js";
import { renderTerms, type RuleTerms } from "../../../../../core/access/terms.js";
import { UNKNOWN } from "../../../../../providers/resources/resource.js";
import { contextOf } from "../relay/lifecycle.js";
import { PLACE } from "../relays.js";

const SSH = "10.8.0.2 -> 10.8.0.4 tcp/22";
const PING = "10.8.0.2 -> 10.8.0.4 icmp";
const UNTIL = "2099-01-01T00:00:00Z";
const SECONDS = Date.parse(UNTIL) / 1000;
const ELEMENT = "10.8.0.2 . 10.8.0.4 . tcp . 22";
const inputs = (terms: RuleTerms, more: object = {}): GrantsInputs =>
    readGrants({ ...PLACE, rules: { alice: [PING, SSH] }, terms: renderTerms(terms), ...more });
const before = (hours: number): Date => new Date(Date.parse(UNTIL) - hours * 3_600_000);

it("rules that have ended no longer count; what is not known does", () => {
    const given = { ...inputs({ [SSH]: { until: UNTIL } }) };
    expect(inputsNow(given, before(1))).toEqual(given);
    expect(inputsNow(given, before(0))).toMatchObject({ rules: { alice: [PING] }, terms: "" });
    expect(inputsNow({ ...given, rules: UNKNOWN }, before(0))).toMatchObject({ rules: UNKNOWN });
});

it("the relay is told which elements end when, and whose access that is", async () => {
    const ending = inputs({ [SSH]: { until: UNTIL, ticket: "OPS-7", reason: "audit" }, [PING]: { groups: ["ops"] } });
    expect(endsFile(ending, before(1))).toBe(
        `element\t${SECONDS}\tacl4_until ${ELEMENT}\t-\nright\t${SECONDS}\talice\t${SSH}\tOPS-7\taudit\n`,
    );
    expect(endsFile(inputs({ [PING]: { groups: ["ops"] } }), before(1))).toBeUndefined();
    const { files } = await grantsParts.desired({ inputs: ending, context: contextOf() });
    expect(files?.elements).toBe(`ping4 10.8.0.2 . 10.8.0.4\nacl4_until ${ELEMENT}\n`);
});

it("the relay is told when windows open, for longer than until the next update", async () => {
    const now = new Date("2027-01-01T00:00:00Z");
    const weekly = inputs({ [SSH]: { window: "mon 08:00-18:00 UTC" } });
    const rows = (endsFile(weekly, now) ?? "").split("\n");
    expect(rows[0]).toBe(`element\t253402300799\tacl4_until ${ELEMENT}\tmon 08:00-18:00 UTC`);
    const openings = rows.filter((row) => row.startsWith("window\t"));
    const first = Date.UTC(2027, 0, 4, 8) / 1000;
    expect(openings[0]).toBe(`window\tmon 08:00-18:00 UTC\t${first}\t${first + 36_000}`);
    expect(openings.length).toBeGreaterThan(56);
    expect(calendarEnd(weekly, now)).toBe("2028-02-05T00:00:00Z");
    expect(calendarEnd(inputs({ [SSH]: { until: UNTIL } }), now)).toBeUndefined();
    expect(calendarDue({ calendar: "2028-02-05T00:00:00Z" }, new Date("2027-07-19T00:00:00Z"))).toBe(false);
    expect(calendarDue({ calendar: "2028-02-05T00:00:00Z" }, new Date("2027-07-20T00:00:01Z"))).toBe(true);
    const old = { inputs: weekly, outputs: { calendar: "2020-01-01T00:00:00Z" } };
    expect(grantsParts.adjust?.({ before: old, inputs: weekly, context: contextOf() }, {})).toEqual({
        calendar: "update",
    });
});

it("what the relay has ended is not expected to be there", () => {
    const sets = { acl4: [ELEMENT], acl4_until: [ELEMENT] };
    const gone = { acl4: [ELEMENT], acl4_until: [] };
    expect(withoutEndedElements(sets, {}, "kernel")).toBe(sets);
    for (const where of ["kernel", "record"] as const)
        expect(withoutEndedElements(sets, { ended: `${SECONDS}\tacl4_until ${ELEMENT}\n` }, where)).toEqual(gone);
    // It waits for its removal, or its window is closed.
    const waits = { ended: `0\tacl4_until ${ELEMENT}\n` };
    expect(withoutEndedElements(sets, waits, "kernel")).toEqual(gone);
    expect(withoutEndedElements(sets, waits, "record")).toBe(sets);
});

it("a preview warns a day before, or as the program says", () => {
    const warned = (hours: number, more: object = {}): string[] =>
        endWarnings(
            { inputs: inputs({ [SSH]: { until: UNTIL, ticket: "OPS-7" } }, more), context: contextOf() },
            before(hours),
        );
    const sentence = (time: string): string[] => [
        `hub: the access of alice to 10.8.0.4 tcp/22 ends in ${time}: until ${UNTIL}, ticket OPS-7`,
    ];
    expect(warned(25)).toEqual([]);
    expect(warned(24)).toEqual(sentence("24 hours"));
    expect(warned(0.5)).toEqual(sentence("30 minutes"));
    expect(warned(0)).toEqual([]);
    expect(warned(48, { warnHours: 72 })).toEqual(sentence("48 hours"));
    expect(warned(1, { warnHours: 0 })).toEqual([]);
    expect(warned(1, { role: "leaf" })).toEqual([]);
    const many = Array.from({ length: 9 }, (_, port) => `10.8.0.2 -> 10.8.0.4 tcp/${port + 1}`);
    const terms = Object.fromEntries(many.map((rule) => [rule, { until: UNTIL }]));
    expect(endWarnings({ inputs: inputs(terms, { rules: { alice: many } }), context: contextOf() }, before(3))).toEqual(
        [`hub: 9 access rules end within 24 hours, the first at ${UNTIL} (in 3 hours)`],
    );
});

it("other terms of a rule that stays are said", () => {
    const rules = { alice: [SSH, PING] };
    const said = (then: RuleTerms, now: RuleTerms): string[] =>
        termsSentences({ rules, terms: then }, { rules, terms: now });
    const earlier = "2098-01-01T00:00:00Z";
    expect(said({}, {})).toEqual([]);
    expect(said({}, { [SSH]: { until: UNTIL } })).toEqual([
        `the access of alice to 10.8.0.4 tcp/22 ends at ${UNTIL} from now on`,
    ]);
    expect(said({ [SSH]: { until: UNTIL } }, {})).toEqual([
        `the access of alice to 10.8.0.4 tcp/22 no longer ends at ${UNTIL}`,
    ]);
    expect(said({ [SSH]: { until: UNTIL } }, { [SSH]: { until: earlier } })).toEqual([
        `the access of alice to 10.8.0.4 tcp/22 ends at ${earlier} instead of ${UNTIL}`,
    ]);
    expect(said({}, { [SSH]: { reason: "audit" }, [PING]: { groups: ["ops"] } })).toEqual([
        "2 access rules get other reasons, tickets or groups; no connection is affected",
    ]);
});

it("the end of a rule is told once, and is no loss", () => {
    const then = {
        rules: { alice: [SSH, PING] },
        terms: { [SSH]: { until: "2026-01-01T00:00:00Z", ticket: "OPS-7" } },
    };
    const gone = endedSince(then, { alice: [] }, new Date("2026-01-01T00:00:00Z"));
    expect(gone).toEqual({ alice: [SSH] });
    expect(endedSentences(gone, then.terms)).toEqual([
        "the access of alice to 10.8.0.4 tcp/22 has ended by itself: until 2026-01-01T00:00:00Z, ticket OPS-7",
    ]);
    const change = {
        before: { inputs: readGrants({ ...PLACE, rules: then.rules, terms: renderTerms(then.terms) }), outputs: {} },
        inputs: readGrants({ ...PLACE, rules: { alice: [PING] }, terms: "" }),
        context: contextOf(),
    };
    expect(sentencesOf(grantsParts, change)).toEqual([
        "hub: the access of alice to 10.8.0.4 tcp/22 has ended by itself: until 2026-01-01T00:00:00Z, ticket OPS-7",
    ]);
});

it("records have the terms of what is new, and a new rule is said with them", () => {
    const terms = { [SSH]: { until: UNTIL, ticket: "OPS-7", reason: "audit", groups: ["ops"] } };
    const change = { inputs: inputs(terms), context: contextOf() };
    expect(grantsParts.begin(change).details).toMatchObject({
        added: [PING, SSH],
        terms: [{ name: "alice", rule: SSH, until: UNTIL, ticket: "OPS-7", reason: "audit", groups: ["ops"] }],
    });
    expect(sentencesOf(grantsParts, change)).toEqual([
        `hub: alice is allowed to reach 10.8.0.4 icmp and 10.8.0.4 tcp/22 (until ${UNTIL}, ticket OPS-7, by group ops: audit)`,
    ]);
    const again = { ...change, before: { inputs: inputs(terms), outputs: {} } };
    expect(grantsParts.begin(again).details).not.toHaveProperty("terms");
});
