import { relayLines, titleOf } from "../../../../core/review/headline.js";
import type { Review } from "../../../../core/review/model.js";
import { parsePlan } from "../../../../core/review/plan.js";
import { reviewOf } from "../../../../core/review/review.js";
import { effectClass } from "../../../../providers/resources/effectClass.js";
import { UNKNOWN_TEXT } from "../../../../providers/plugin/marks.js";
import { AFTER, BEFORE, digest, EVERYTHING, NOW, stepsOf } from "./plans.js";

const review = (text: string): Review => reviewOf(parsePlan(text, "plan.json"), effectClass, NOW);
const lines = (text: string): string[] => relayLines(review(text), (name) => `<${name}>`);

it("says in a few words what changes", () => {
    expect(titleOf(review(EVERYTHING))).toBe(
        "1 peer added, 1 peer cut off, 1 expired peer removed, 1 peer renamed, connections interrupted, 3 access rules added, 2 access rules removed",
    );
    expect(titleOf(review(digest(stepsOf(BEFORE, BEFORE))))).toBe("nothing changes");
    const said = [{ kind: "Host", message: "hub: is checked again on this machine" }];
    expect(titleOf(review(digest(stepsOf(BEFORE, BEFORE), said)))).toBe("no peer and no access rule changes");
    expect(titleOf(review(digest([], [{ severity: "error", message: "no" }])))).toBe("the preview failed");
});

it("says of each relay who is concerned, with every name quoted", () => {
    expect(lines(EVERYTHING)).toEqual([
        "<hub> adds <bob> until <2027-06-01T00:00:00Z>; cuts off <alice> at once; removes <old>, cut off at the expiry; renames <kim> to <kimberly>; changes <nas>; leaves 1 peer as before",
    ]);
    expect(lines(digest(stepsOf(undefined, { ...AFTER, rules: UNKNOWN_TEXT })))).toEqual([
        "<hub> is created; adds <bob> until <2027-06-01T00:00:00Z>, <console> until <2027-02-01T00:00:00Z>, <kimberly>, <nas>; has access rules that are not known before the update",
    ]);
    expect(lines(digest(stepsOf({ peers: {}, rules: {} }, undefined)))).toEqual(["<hub> is removed"]);
    expect(lines(digest(stepsOf(BEFORE, { peers: UNKNOWN_TEXT as never, rules: {} })))).toEqual([
        "<hub> has peers that are not known before the update",
    ]);
});

it("names the first of many", () => {
    const peers = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, `10.8.1.${index} k${index}`]));
    expect(lines(digest(stepsOf({ peers, rules: {} }, { peers: {}, rules: {} })))).toEqual([
        "<hub> cuts off <p0>, <p1>, <p10>, <p11>, <p12>, <p13>, <p14>, <p15>, <p16>, <p17> and 20 more at once",
    ]);
}); // prettier-ignore
