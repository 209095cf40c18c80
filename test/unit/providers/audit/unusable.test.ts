import { readFileSync } from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { missing, unusable } from "../../../../providers/audit/unusable.js";
import { open, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

it("an error of the file system is one of the log; ours stays as it is; a bug keeps its shape", () => {
    const caught = (action: () => unknown): unknown => {
        try {
            return action();
        } catch (error) {
            return error;
        }
    };
    const system = caught(() => readFileSync("not there"));
    expect(unusable("dev.jsonl", system)).toMatchObject({ subject: "dev.jsonl", cause: system });
    const ours = new AuditError("a", "b", "c");
    expect(unusable("dev.jsonl", ours)).toBe(ours);
    const bug = caught(() => readFileSync({} as never));
    expect(bug).toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
    expect(() => unusable("dev.jsonl", bug)).toThrow(bug as Error);
});

it("a log that is gone says how its loss is acknowledged; one that lies beside, where it is", async () => {
    const { marks } = await written(1);
    const { genesis } = marks[0] as { genesis: string };
    const place = { path: (await open()).path.replace("dev.jsonl", "prod.jsonl"), name: "audit/prod.jsonl" };
    expect(missing(place, 3, undefined)).toMatchObject({ subject: "line 3 of audit/prod.jsonl" });
    expect(missing(place, 3, "ab".repeat(32)).fix).toContain(`restartFrom: "${"ab".repeat(32)}"`);
    expect(missing(place, 3, genesis).problem).toContain("audit/dev.jsonl");
});
