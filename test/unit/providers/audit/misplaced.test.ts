import { mkdirSync, renameSync, writeFileSync } from "node:fs";

import { misplaced } from "../../../../providers/audit/misplaced.js";
import { open, path, REF, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

const genesisOf = async (): Promise<string> => (await (await open()).status())!.genesis;
const found = (genesis: string): string | undefined =>
    misplaced("audit/prod.jsonl", "audit/prod.jsonl", 3, genesis)?.message;

it("a log under the stack's former name is found by its first record, with the ways to have it back", async () => {
    await written(2);
    expect(found(await genesisOf())).toBe(
        "line 3 of audit/prod.jsonl: the log that the state remembers is audit/dev.jsonl: the first record identifies it, not the stack's name; " +
            'point to it with `path: "audit/dev.jsonl"` of AuditSink, or move it: `mv audit/dev.jsonl audit/prod.jsonl`',
    );
});

it("what was begun in its stead is moved aside first, and its segments go along", async () => {
    await written(1);
    const genesis = await genesisOf();
    const log = await open({ segmentBytes: 1 });
    await log.append({ action: "log_note", message: "x" });
    writeFileSync("audit/prod.jsonl", "another\n");
    expect(found(genesis)).toMatch(
        /move it: `mv audit\/prod\.jsonl audit\/prod\.jsonl\.other`, `mv audit\/dev\.jsonl audit\/prod\.jsonl`, `mv audit\/dev\.jsonl\.0001 audit\/prod\.jsonl\.0001`$/,
    );
});

it("is not found where it is not: in its own place, in another folder, or only in part", async () => {
    await written(1);
    const genesis = await genesisOf();
    expect(misplaced(path, path, 3, genesis)).toBeUndefined();
    expect(found("0".repeat(64))).toBeUndefined();
    mkdirSync("elsewhere");
    renameSync(path, "elsewhere/dev.jsonl");
    expect(found(genesis)).toBeUndefined();
    writeFileSync("audit/copy.jsonl", "torn");
    expect(found(genesis)).toBeUndefined();
    expect(misplaced("nowhere/prod.jsonl", "x", 1, genesis)).toBeUndefined();
    expect(REF.path).toBe(path);
});
