import fs from "node:fs";

import { lines, open, path, problem, rewrite, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();

describe("a log that is not ours to continue", () => {
    test.each([
        [
            "another stack's",
            { stack: "prod" },
            "line 1 of audit/dev.jsonl: it is the log of a different stack: dev, not prod",
        ],
        [
            "another project's",
            { project: "other" },
            "line 1 of audit/dev.jsonl: it is the log of a different project: shop, not other",
        ],
    ])("%s is refused", async (_whose, changes, message) => {
        await written(1);
        const other = await open({
            ...changes,
            signingKey: `file:${scratch.config}/pulumi-qp-tunnel/keys/shop/dev.key`,
        });
        expect((await problem(other.append({ action: "log_note", message: "x" }))).message).toContain(message);
        expect(lines()).toHaveLength(2);
    });

    test("one of another key is refused", async () => {
        await written(1);
        process.env["OTHER"] = "ab".repeat(32);
        const other = await open({ signingKey: "env:OTHER" });
        expect((await problem(other.append({ action: "log_note", message: "x" }))).message).toMatch(
            /^signing key [0-9a-f]{16}: the log of shop\/dev is sealed with a different key, [0-9a-f]{16}; copy the log's key to this machine/,
        );
    });

    test("one whose key is not here is refused, and no key made", async () => {
        await written(1);
        fs.rmSync(scratch.config, { recursive: true });
        const elsewhere = await open();
        expect((await problem(elsewhere.append({ action: "log_note", message: "x" }))).message).toContain(
            "it is not on this machine",
        );
        expect(fs.existsSync(scratch.config)).toBe(false);
        expect(lines()).toHaveLength(2);
    });

    test("one whose last line was changed is refused, by its number", async () => {
        const { log } = await written(3);
        rewrite((all) => [...all.slice(0, 3), (all[3] as string).replace("p3", "p4")]);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toContain(
            "line 4 of audit/dev.jsonl: its content does not match its hash",
        );
        expect(lines()).toHaveLength(4);
    });

    test("one that vanished while we wrote is not begun again", async () => {
        const { log } = await written(1);
        fs.rmSync(path);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toMatch(
            /^line 1 of audit\/dev\.jsonl: it is missing: .* acknowledge that with restartFrom: "[0-9a-f]{64}"$/,
        );
        expect(fs.existsSync(path)).toBe(false);
    });

    test("a file that is no log is refused", async () => {
        fs.mkdirSync("audit");
        fs.writeFileSync(path, "hello\n");
        expect((await problem((await open()).append({ action: "log_note", message: "x" }))).message).toContain(
            "line 1 of audit/dev.jsonl: it is not a line of JSON",
        );
    });

    test("a folder is refused", async () => {
        fs.mkdirSync(path, { recursive: true });
        expect((await problem((await open()).append({ action: "log_note", message: "x" }))).message).toMatch(
            /audit\/dev\.jsonl: it is not a regular file: a log is never a folder, a pipe or a device; /,
        );
    });
});
