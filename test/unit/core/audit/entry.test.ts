import fc from "fast-check";

import { entryProblem, goesBackwards, timestampOf } from "../../../../core/audit/entry.js";
import { entry, uuid } from "./logs.js";
import { frozenLog, sharedFixtures } from "./vectors.js";

describe("an entry", () => {
    interface Fixture {
        description: string;
        entry: Record<string, unknown>;
        valid: boolean;
    }
    const own: Fixture[] = frozenLog.entries.map((frozen) => ({
        description: frozen.action,
        entry: { ...frozen },
        valid: true,
    }));

    test.each([...own, ...sharedFixtures<Fixture>("audit-entries.json")])("$description", ({ entry: given, valid }) => {
        const problem = entryProblem({ correlation_id: uuid("x"), ...given });
        if (valid) expect(problem).toBeUndefined();
        else expect(problem).toMatch(/^it has no |^its /);
    });

    test.each([
        ["an array", [], "it is not a JSON object"],
        ["no message", { message: undefined }, "its message is not a string"],
        ["another status", { status: "maybe" }, "its status is neither success nor failure"],
        ["a list of details", { details: [] }, "its details are not an object"],
        ["an action in capitals", { action: "Peer" }, "its action is not of the form ^[a-z][a-z0-9_-]{0,63}$"],
        ["an upper case id", { correlation_id: uuid("x").toUpperCase() }, "its correlation_id is not a lowercase UUID"],
        ...[
            "2026-04-04T14:00:00.123Z",
            "2026-04-04T14:00:00.000000Z",
            "2026-04-04T14:00:00+00:00",
            "2026-02-30T14:00:00Z",
            "2026-04-04T24:00:00Z",
            "2026-04-04T14:00:60Z",
            "2026-04-04 14:00:00Z",
        ].map((timestamp): [string, object, string] => [
            `the time ${timestamp}`,
            { timestamp },
            "its timestamp is not UTC in the form 2026-04-04T14:00:00Z or with six fraction digits",
        ]),
    ])("with %s is none", (_what, changes, problem) => {
        expect(entryProblem(Array.isArray(changes) ? changes : { ...entry(1), ...changes })).toBe(problem);
    });

    test("times have one form", () => {
        expect(timestampOf(Date.UTC(2026, 3, 4, 14))).toBe("2026-04-04T14:00:00Z");
        expect(timestampOf(Date.UTC(2026, 3, 4, 14, 0, 0, 7))).toBe("2026-04-04T14:00:00.007000Z");
    });

    test("times are compared as times", () => {
        const moments = fc.integer({ min: 0, max: 5_000 }).map((ms) => Date.UTC(2026, 3, 4) + ms);
        fc.assert(
            fc.property(moments, moments, (a, b) => {
                expect(goesBackwards(timestampOf(a), timestampOf(b))).toBe(b < a);
            }),
        );
    });
});
