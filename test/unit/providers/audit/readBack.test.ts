import { readFileSync } from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { AuditLog } from "../../../../providers/audit/log.js";
import { readEnds } from "../../../../providers/audit/ends.js";
import { readBack } from "../../../../providers/audit/readBack.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const path = "audit/dev.jsonl";

test("what every command reads passes; any other line is refused before it is written", async () => {
    const log = await AuditLog.open({ path, project: "shop", stack: "dev" });
    for (const message of ["one", "two"]) await log.append({ action: "log_note", message });
    const bytes = readFileSync(path);
    const texts = bytes
        .toString("utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => `${line}\n`);
    readBack(texts, undefined, path);

    const [first = "", second = "", third = ""] = texts;
    const source = {
        size: first.length,
        read: (from: number, length: number) => bytes.subarray(from, Math.min(from + length, first.length)),
    };
    const behindFirst = readEnds(source, path, {});
    readBack([second, third], behindFirst, path);
    const refused = [
        [
            [third],
            "line 2 of audit/dev.jsonl: its sequence is 2, not 1: lines are missing, duplicated or swapped: readers would reject it",
        ],
        [
            [second.replace("one", "0ne")],
            "line 2 of audit/dev.jsonl: its content does not match its hash: readers would",
        ],
        [[second, second], "line 3 of audit/dev.jsonl: its sequence is 1, not 2"],
        [[second.trimEnd()], "line 2 of audit/dev.jsonl: it is not in the log's canonical encoding"],
    ] as const;
    for (const [lines, problem] of refused) {
        expect(() => readBack(lines, behindFirst, path)).toThrow(problem);
        expect(() => readBack(lines, behindFirst, path)).toThrow(AuditError);
    }
});
