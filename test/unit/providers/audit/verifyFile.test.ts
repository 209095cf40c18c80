import { appendFileSync, readFileSync, rmSync } from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { open, path, problem, rewrite, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

it("counts the records of a whole log, all of its segments", async () => {
    await written(2);
    const log = await open({ segmentBytes: 1 });
    await log.append({ action: "log_note", message: "in the next segment" });
    const { size, bytes, warnings } = await verifyFile(path, {});
    expect(size).toBeGreaterThanOrEqual(4);
    expect(warnings).toEqual([]);
    expect(bytes).toBe(readFileSync(`${path}.0001`).length + readFileSync(path).length);
});

it("names the line that was changed, by the name that it is given", async () => {
    await written(3);
    rewrite((texts) => texts.map((text) => text.replace("Added p2", "Added p9")));
    expect((await problem(verifyFile(path, { mode: "full" }, "the copy"))).message).toMatch(/^line 3 of the copy: /);
});

it("does not look at what is appended meanwhile", async () => {
    await written(1);
    const { size } = await verifyFile(path, {
        onRecord: () => appendFileSync(path, "not a record\n"),
    });
    expect(size).toBe(2);
    await expect(verifyFile(path, {})).rejects.toBeInstanceOf(AuditError);
});

it("a file that is not there is that, and no log with a fault", async () => {
    await written(1);
    rmSync(path);
    await expect(verifyFile(path, {})).rejects.toMatchObject({ code: "ENOENT", path });
});
