import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AuditLog } from "../../../../providers/audit/log.js";
import { path } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();

test("the temporary folder of an inline program is no place for a log", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "automation-"));
    const before = process.cwd();
    try {
        fs.writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\n");
        process.chdir(folder);
        await expect(AuditLog.open({ path, project: "shop", stack: "dev" })).rejects.toThrow(
            /^audit\/dev\.jsonl: the project's folder .*\/automation-\w+ is a temporary one of an inline program, and the log would be lost with it; give AuditSink an absolute `path`/,
        );
        const absolute = join(scratch.folder, path);
        await (
            await AuditLog.open({ path: absolute, project: "shop", stack: "dev" })
        ).append({ action: "log_note", message: "x" });
        expect(fs.existsSync(absolute)).toBe(true);
    } finally {
        process.chdir(before);
        fs.rmSync(folder, { recursive: true });
    }
});
