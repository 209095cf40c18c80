import fc from "fast-check";

import {
    coverProblem,
    type JudgedRecord,
    movedProblem,
    relayProblem,
    STEP_DETAIL,
    usedProblem,
} from "../../../../core/approval/judge.js";
import { stepName, type PlannedStep } from "../../../../core/approval/step.js";
import { approvalReference } from "../../../../core/audit/authority.js";
import { sha3, statementOf, STEP } from "./statements.js";

const DIGEST = "d".repeat(64);
const SENTENCE = "hub: alice is allowed to reach nas on tcp/22";
const cover = (step: PlannedStep, sentences = [SENTENCE], statement = statementOf()) =>
    coverProblem(statement, { step, sentences: () => sentences }, { sha3 });

/** An operation under an approval, or under none. */
function operation(first: number, id: string, last: "success" | "failure" | undefined, digest?: string): JudgedRecord[] {
    const authority = digest === undefined ? {} : { authority: { type: "human_approved", policy_reference: approvalReference(digest) } };
    const details = { ...authority, [STEP_DETAIL]: stepName(STEP) };
    const record = (sequence: number, action: string, status: "success" | "failure"): JudgedRecord => ({ action, status, details, correlation_id: id, capsule: { sequence } });
    const begin = record(first, "grants_apply_begin", "success");
    if (last === undefined) return [begin];
    return [begin, record(first + 1, last === "success" ? "grants_apply" : "grants_apply_error", last)];
} // prettier-ignore

describe("an approval covers a step", () => {
    it("that is planned as it is applied", () => {
        expect(cover(STEP)).toBeUndefined();
    });

    it("and no other one", () => {
        expect(cover({ ...STEP, urn: STEP.urn.replace("hub-", "spoke-") })).toBe(
            "does not contain the update of Grants spoke-grants",
        );
        expect(cover({ ...STEP, operation: "delete" })).toContain("does not contain the removal");
        expect(cover({ ...STEP, inputs: { ...STEP.inputs, rules: {} } })).toContain("was given for another plan");
        expect(cover({ ...STEP, outputs: { record: { hash: "e".repeat(64) } } })).toContain(
            "was given for another plan",
        );
    });

    it("whose sentences it has, unless some values were not known", () => {
        expect(cover(STEP, [SENTENCE, "hub: nas is cut off at once"])).toBe(
            "does not contain this: hub: nas is cut off at once",
        );
        const open = statementOf();
        open.steps[0]!.open = true;
        expect(cover(STEP, ["hub: this is more exact"], open)).toBeUndefined();
    });
});

describe("since its plan was made", () => {
    it("its own operations may have been recorded, and what says nothing of a relay", () => {
        const others = ["log_segment", "checkpoint_create", "log_observe", "plan_approved", "approvers_set"].map(
            (action, n): JudgedRecord => ({ action, status: "success", details: {}, correlation_id: `x${n}`, capsule: { sequence: 30 + n } }),
        );
        expect(movedProblem(DIGEST, [...operation(12, "a", "success", DIGEST), ...others])).toBeUndefined();
    }); // prettier-ignore

    it("nothing else may, wherever it stands", () => {
        const own = ["a", "b", "c"].flatMap((id, n) => operation(12 + 2 * n, id, "success", DIGEST));
        fc.assert(
            fc.property(fc.nat({ max: own.length }), fc.constantFrom(undefined, "e".repeat(64)), (at, digest) => {
                const strange = operation(99, "z", "success", digest);
                const since = [...own.slice(0, at), ...strange, ...own.slice(at)];
                expect(movedProblem(DIGEST, since)).toBe(
                    "is stale: grants_apply_begin was recorded since its plan was made (record 99)",
                );
            }),
        );
    });

    it("a relay may have been changed by it alone", () => {
        const statement = { relays: [{ relay: "hub", generation: 9 }] };
        const judge = (mark: number | undefined, relay = "hub") =>
            relayProblem(statement, { size: 12 }, relay, mark, (sequence) => sequence === 14);
        expect([judge(undefined), judge(9), judge(11), judge(14), judge(3, "spoke")]).toEqual(Array(5).fill(undefined));
        expect(judge(8)).toBe("is for relay hub as record 9 left it, and it is as record 8 left it");
        expect(judge(12)).toBe("is stale: relay hub was changed since its plan was made (record 12)");
    });
});

describe("an approval", () => {
    it("is used up by a step that was done, and by no other", () => {
        const done = operation(12, "a", "success", DIGEST);
        expect(usedProblem(DIGEST, STEP, done)).toBe("was used for the update of Grants hub-grants before (record 12)");
        expect(usedProblem("e".repeat(64), STEP, done)).toBeUndefined();
        expect(usedProblem(DIGEST, { ...STEP, operation: "delete" }, done)).toBeUndefined();
    });

    it("is good for another attempt at one that failed or was interrupted, until that is done", () => {
        const attempts = [...operation(12, "a", "failure", DIGEST), ...operation(14, "b", undefined, DIGEST)];
        expect(usedProblem(DIGEST, STEP, attempts)).toBeUndefined();
        expect(usedProblem(DIGEST, STEP, [...attempts, ...operation(15, "c", "success", DIGEST)])).toContain(
            "record 15",
        );
    });
});
