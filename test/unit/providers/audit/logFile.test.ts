import fs from "node:fs";

import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { lines, open, path, problem, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

describe("an interrupted write", () => {
    test("is moved aside, and the log says so", async () => {
        const { log } = await written(1);
        fs.appendFileSync(path, '{"timestamp":"20');
        expect(await log.status()).toMatchObject({ size: 2 });
        await log.append({ action: "log_note", message: "after" });
        expect(
            lines()
                .slice(2)
                .map(({ action, message, details }) => ({ action, message, details })),
        ).toEqual([
            {
                action: "log_recovered",
                message: "Moved 16 bytes of an incomplete line to dev.jsonl.torn-1",
                details: { bytes: 16, sha3_256: expect.stringMatching(/^[0-9a-f]{64}$/), file: "dev.jsonl.torn-1" },
            },
            { action: "log_note", message: "after", details: {} },
        ]);
        expect(fs.readFileSync(`${path}.torn-1`, "utf8")).toBe('{"timestamp":"20');
        fs.appendFileSync(path, "\0\0\0");
        await log.append({ action: "log_note", message: "again" });
        expect(fs.readFileSync(`${path}.torn-2`)).toEqual(Buffer.alloc(3));
        await verifyFile(path, { mode: "full" });
    });

    test("of the very first record leaves a log that begins properly", async () => {
        fs.mkdirSync("audit");
        fs.writeFileSync(path, '{"timestamp":"20');
        await (await open()).append({ action: "log_note", message: "x" });
        expect(lines().map(({ action }) => action)).toEqual(["log_created", "log_recovered", "log_note"]);
        await verifyFile(path, { mode: "full" });
    });

    test("does not excuse a record that is remembered elsewhere", async () => {
        const { log, marks } = await written(3);
        expect(await log.verifyMark(marks[2]!)).toEqual([]);
        fs.truncateSync(path, marks[2]!.offset + 20);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toContain(
            "line 4 of audit/dev.jsonl: it is cut in the middle",
        );
        expect(fs.readdirSync("audit").sort()).toEqual(["dev.jsonl", "dev.jsonl.lock"]);
    });
});

describe("a disk that fails", () => {
    test("short writes are gone on with", async () => {
        const real = fs.writeSync;
        jest.spyOn(fs, "writeSync").mockImplementation(((
            file: number,
            buffer: Buffer,
            offset: number,
            length: number,
        ) => real(file, buffer, offset, Math.min(length, 100))) as typeof fs.writeSync);
        await written(2);
        expect((await verifyFile(path, { mode: "full" })).size).toBe(3);
    });

    test.each(["writeSync", "fdatasyncSync"] as const)(
        "after a failed %s nothing more is written by this process",
        async (call) => {
            const { log } = await written(1);
            const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
            const spy = jest.spyOn(fs, call).mockImplementation(() => {
                throw full;
            });
            const refused = await problem(log.begin({ action: "peer_add", message: "x" }));
            expect(refused.message).toBe(
                "audit/dev.jsonl: it cannot be read or written: ENOSPC: no space left on device; check the disk and the " +
                    "permissions, then run again: an incomplete line is repaired then",
            );
            expect(refused.cause).toBe(full);
            spy.mockRestore();
            expect(await problem(log.append({ action: "log_note", message: "y" }))).toBe(refused);
        },
    );

    test("a writer that takes no lock is noticed", async () => {
        const { log } = await written(1);
        const real = fs.writeSync;
        jest.spyOn(fs, "writeSync").mockImplementationOnce(((
            file: number,
            buffer: Buffer,
            offset: number,
            length: number,
        ) => {
            fs.appendFileSync(path, "intruder\n");
            return real(file, buffer, offset, length);
        }) as typeof fs.writeSync);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toMatch(
            /^audit\/dev\.jsonl: it has \d+ bytes after a write that should have made it \d+: another program writes to it/,
        );
    });
});
