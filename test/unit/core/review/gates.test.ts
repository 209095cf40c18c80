import { failuresOf, GATE_NAMES, parseGates } from "../../../../core/review/gates.js";
import { parsePlan } from "../../../../core/review/plan.js";
import { reviewOf } from "../../../../core/review/review.js";
import { effectClass } from "../../../../providers/resources/effectClass.js";
import { UNKNOWN_TEXT } from "../../../../providers/plugin/marks.js";
import { BEFORE, digest, EVERYTHING, NOW, type Side, stepsOf } from "./plans.js";

const OF_TERMS = ["no-until", "no-ticket"];
const failures = (text: string, names = GATE_NAMES.filter((name) => !OF_TERMS.includes(name)).join(",")): string[] =>
    failuresOf(reviewOf(parsePlan(text, "plan.json"), effectClass, NOW), parseGates(names, "--fail-on")).map(
        ({ gate, reason }) => `${gate}: ${reason}`,
    );

it("names each reason with its gate", () => {
    expect(failures(EVERYTHING)).toEqual([
        "added: hub: bob is added",
        "cut: hub: alice is cut off",
        "interrupted: hub: nas gets a new key: cut off until the new configuration is in use",
        "all-ports: hub: bob is now allowed to reach 192.168.7.0/24 all",
        "internet: hub: bob is now allowed to reach 0.0.0.0/0 tcp/443",
        "warnings: hub: console expires on 2027-02-01T00:00:00Z (in 31 days)",
    ]);
    expect(failures(EVERYTHING, "cut, no-expiry")).toEqual(["cut: hub: alice is cut off"]);
});

it("finds a peer without an expiry, a relay that is removed and what is not known", () => {
    const more: Side = { ...BEFORE, peers: { ...BEFORE.peers, eve: "10.8.0.7 ZXZl" } };
    expect(failures(digest(stepsOf(BEFORE, more)), "no-expiry")).toEqual(["no-expiry: hub: eve is added without an expiry"]);
    expect(failures(digest(stepsOf(BEFORE, undefined)), "removed")).toEqual(["removed: relay hub is removed"]);
    expect(failures(digest(stepsOf(BEFORE, { ...BEFORE, rules: UNKNOWN_TEXT })), "unknown")).toEqual([
        "unknown: hub: peers or access rules are not known before the update",
    ]);
}); // prettier-ignore

it("finds new access without an end or without a ticket", () => {
    const rules = { bob: ["10.8.0.3 -> 10.8.0.4 tcp/22", "10.8.0.3 -> 10.8.0.4 tcp/23"] };
    const terms = '10.8.0.3 -> 10.8.0.4 tcp/22 {"until":"2027-03-01T00:00:00Z","ticket":"OPS-7"}\n';
    const after = digest(stepsOf({ ...BEFORE, rules: {} }, { ...BEFORE, rules, terms }));
    for (const [gate, words] of [
        ["no-until", "an end"],
        ["no-ticket", "a ticket"],
    ] as const)
        expect(failures(after, gate)).toEqual([
            expect.stringMatching(`^${gate}: hub: bob is now allowed to reach .* tcp/23, without ${words}$`),
        ]);
});

it("passes a change of which nothing is named", () => {
    expect(failures(digest(stepsOf(BEFORE, BEFORE)))).toEqual([]);
});

it("refuses a name that is not a gate's", () => {
    expect(() => parseGates("cut,cuts", "--fail-on")).toThrow(
        '--fail-on: "cuts" is not a reason to fail; choose from added, cut, interrupted, no-expiry, no-until, no-ticket, all-ports, internet, removed, unknown, warnings',
    );
});
