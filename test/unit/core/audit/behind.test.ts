import { LogBehind } from "../../../../core/audit/behind.js";
import { AuditError } from "../../../../core/errors.js";

const behind = (size: number, pinned: number): LogBehind => new LogBehind(["line 4 of log", "p", "f"], size, pinned);

it("is an error of the log that knows both sizes", () => {
    expect(behind(3, 5)).toBeInstanceOf(AuditError);
    expect(behind(3, 5)).toMatchObject({ message: "line 4 of log: p; f", size: 3, pinned: 5 });
});

it.each([
    [3, 5, "all", "it is 2 lines older than the state: line 4 is missing here"],
    [4, 5, "all", "it is 1 line older than the state: line 5 is missing here"],
    [0, 2, "one", "it is at least 2 lines older than the state: line 1 is missing here"],
] as const)("of %i lines where %i were pinned (%s): %s", (size, pinned, what, problem) => {
    const said = behind(size, pinned).ofState("audit/dev.jsonl", what);
    expect(said).toMatchObject({ subject: "audit/dev.jsonl", problem, size, pinned });
    expect(said.fix).toContain("qp-tunnel audit pull");
});
