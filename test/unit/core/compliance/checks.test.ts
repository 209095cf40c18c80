import {
    checkId,
    checksIn,
    commandArguments,
    commandChecks,
    namesTest,
    printedCommand,
    testFiles,
} from "../../../../core/compliance/checks.js";
import type { TestCheck } from "../../../../core/compliance/model.js";
import { EXAMPLE } from "./example.js";

const named = (title: string): TestCheck => ({ kind: "test", file: "test/unit/a.test.ts", title });

test("each check is listed once, by its file and title or its command", () => {
    expect(checksIn(EXAMPLE).map(checkId)).toEqual([
        "test/unit/keys.test.ts > keys > are *different*",
        "test/unit/keys.test.ts > keys > of %s are refused",
        "test/integration/log.test.ts > verifies",
        "qp-tunnel audit verify {log} --state {state}",
    ]);
    expect(testFiles(EXAMPLE)).toEqual(["test/integration/log.test.ts", "test/unit/keys.test.ts"]);
});

test.each([
    ["keys > are different", ["keys", "are different"], true],
    ["keys > are different", ["keys", "are different today"], false],
    ["are different", ["keys", "are different"], false],
    ["of %s are refused (%#)", ["of low order are refused (3)"], true],
    ["of %s are refused", ["of are refused"], false],
    ["vector $name.first > passes", ["vector x", "passes"], true],
    ["`${COUNT} records`", ["`12 records`"], true],
    ["costs 5$ (a.b)", ["costs 5$ (a.b)"], true],
    ["costs 5$ (a.b)", ["costs 5$ (axb)"], false],
])("%j names %j: %p", (title, titles, names) => {
    expect(namesTest(named(title), titles)).toBe(names);
});

test("a command is given a place, and printed for a stack called prod", () => {
    const [check] = commandChecks(EXAMPLE);
    expect(commandArguments(check!, { stack: "dev", log: "a log.jsonl", state: "/tmp/s" })).toEqual([
        ...["audit", "verify", "a log.jsonl", "--state", "/tmp/s"],
    ]);
    expect(printedCommand(check!)).toBe("npx --no qp-tunnel audit verify audit/prod.jsonl --state state.json");
});
