import fs from "node:fs";

import type { AuditLine, RecordMark } from "../../../../core/audit/record.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { rotateKey } from "../../../../providers/audit/rotateKey.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const path = "audit/dev.jsonl";
/** About four records a segment. */
const REF: AuditRef = { path, project: "shop", stack: "dev", segmentBytes: 1_900 };

async function written(count: number): Promise<{ log: AuditLog; marks: RecordMark[] }> {
    const log = await AuditLog.open(REF);
    const marks: RecordMark[] = [];
    for (let n = 1; n <= count; n++) marks.push(await log.append({ action: "peer_add", message: `Added p${n}` }));
    return { log, marks };
}

const files = (): string[] => fs.readdirSync("audit").sort();
const texts = (file: string): string[] => fs.readFileSync(`audit/${file}`, "utf8").split("\n").slice(0, -1);

test("a log goes on in a new file, and stays one chain with one numbering", async () => {
    const { log, marks } = await written(12);
    expect(files()).toEqual(["dev.jsonl", "dev.jsonl.0001", "dev.jsonl.0002", "dev.jsonl.0003", "dev.jsonl.lock"]);
    const { size, root, bytes } = await verifyFile(path, { mode: "full", marks });
    expect(size).toBe(1 + 12 + 3);
    // It is the file that one writer without segments would have made.
    const whole = Buffer.concat(
        ["dev.jsonl.0001", "dev.jsonl.0002", "dev.jsonl.0003", "dev.jsonl"].map((file) =>
            fs.readFileSync(`audit/${file}`),
        ),
    );
    expect(whole).toHaveLength(bytes);
    fs.writeFileSync("whole.jsonl", whole);
    expect((await verifyFile("whole.jsonl", { marks })).root).toBe(root);
    for (const mark of marks) expect(await log.verifyMark(mark)).toEqual([]);
    const pinned = await log.checkpoint();
    expect(await log.verifyCheckpoint(pinned)).toEqual([]);
    const [first] = texts("dev.jsonl.0002").map((text) => JSON.parse(text) as AuditLine);
    expect(first).toMatchObject({
        action: "log_segment",
        message: "Continued in a new file after dev.jsonl.0001",
        details: {
            closed: "dev.jsonl.0001",
            records: texts("dev.jsonl.0001").length,
            bytes: fs.statSync("audit/dev.jsonl.0001").size,
        },
    });
    const seen: string[] = [];
    for await (const { action, message } of log.entries("oldest")) if (action === "peer_add") seen.push(message);
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `Added p${n + 1}`));
});

test("a process that knows nothing goes on behind the last segment, whatever its own limit", async () => {
    const { marks } = await written(5);
    const other = await AuditLog.open({ ...REF, segmentBytes: 1 });
    marks.push(await other.append({ action: "log_note", message: "x" }));
    fs.renameSync(path, "audit/dev.jsonl.0004");
    expect(files()).toEqual(["dev.jsonl.0001", "dev.jsonl.0002", "dev.jsonl.0004", "dev.jsonl.lock"]);
    await expect(verifyFile(path, {})).rejects.toThrow("audit/dev.jsonl: its segment dev.jsonl.0003 is missing");
});

test("between closing a segment and the first write after it the log is whole, and cannot be begun again", async () => {
    const { log, marks } = await written(5);
    fs.renameSync(path, "audit/dev.jsonl.0002");
    expect((await verifyFile(path, { marks })).size).toBe(7);
    expect(await log.verifyMark(marks[4]!)).toEqual([]);
    marks.push(await log.append({ action: "log_note", message: "x" }));
    expect((await verifyFile(path, { mode: "full", marks })).size).toBe(8);
});

test("a torn beginning of a new file is repaired in that file", async () => {
    const { log, marks } = await written(5);
    fs.renameSync(path, "audit/dev.jsonl.0002");
    fs.writeFileSync(path, '{"timest');
    marks.push(await log.append({ action: "log_note", message: "x" }));
    expect(texts("dev.jsonl").map((text) => (JSON.parse(text) as AuditLine).action)).toEqual([
        "log_recovered",
        "log_note",
    ]);
    await verifyFile(path, { mode: "full", marks });
});

test.each<[string, () => void, string]>([
    [
        "its last file is removed",
        () => fs.rmSync(path),
        "audit/dev.jsonl: it is 4 lines older than the state: line 13 is missing here",
    ],
    ["a segment is removed", () => fs.rmSync("audit/dev.jsonl.0002"), "its segment dev.jsonl.0002 is missing"],
    [
        "a segment is emptied",
        () => fs.truncateSync("audit/dev.jsonl.0002"),
        "line 5 of audit/dev.jsonl: its sequence is 8, not 4",
    ],
    [
        "a segment is cut in a line",
        () => fs.truncateSync("audit/dev.jsonl.0001", 100),
        "line 1 of audit/dev.jsonl: it is not a line of JSON",
    ],
    [
        "two are swapped",
        () => {
            fs.renameSync("audit/dev.jsonl.0002", "x");
            fs.renameSync("audit/dev.jsonl.0003", "audit/dev.jsonl.0002");
            fs.renameSync("x", "audit/dev.jsonl.0003");
        },
        "line 5 of audit/dev.jsonl: its sequence is 8, not 4",
    ],
])("is refused when %s", async (_what, tamper, message) => {
    const { log } = await written(12);
    const pinned = await log.checkpoint();
    tamper();
    await expect(log.verifyCheckpoint(pinned)).rejects.toThrow(message);
});

test("keys rotate across segments", async () => {
    const { marks } = await written(5);
    await rotateKey(REF);
    for (let n = 0; n < 6; n++) {
        marks.push(await (await AuditLog.open(REF)).append({ action: "log_note", message: `n${n}` }));
    }
    const { keys } = await verifyFile(path, { mode: "full", marks });
    expect(keys).toHaveLength(2);
    expect(files().length).toBeGreaterThan(4);
});

test("segments in the manner of earlier versions are read, and go on in the new one", async () => {
    const { marks } = await written(5);
    fs.renameSync("audit/dev.jsonl.0001", "audit/dev.0001.jsonl");
    const log = await AuditLog.open(REF);
    for (let n = 0; n < 4; n++) marks.push(await log.append({ action: "log_note", message: "x" }));
    expect(files()).toEqual(["dev.0001.jsonl", "dev.jsonl", "dev.jsonl.0002", "dev.jsonl.lock"]);
    await verifyFile(path, { mode: "full", marks });
    fs.renameSync("audit/dev.0001.jsonl", "dev.0001.jsonl");
    await expect(verifyFile(path, {})).rejects.toThrow("its segment dev.jsonl.0001 is missing");
});

test("a segment that is there twice is not chosen from", async () => {
    await written(5);
    fs.copyFileSync("audit/dev.jsonl.0001", "audit/dev.0001.jsonl");
    await expect(verifyFile(path, {})).rejects.toThrow(
        "audit/dev.jsonl: its segment 1 exists twice, as dev.jsonl.0001 and dev.0001.jsonl; compare the two, and move the copy to another folder",
    );
});

test.each(["dev.2026", "dev.0001", "dev.0002"])("the log of a stack %s is no segment of another's", async (stack) => {
    const own = { ...REF, stack, path: `audit/${stack}.jsonl` };
    const both = [
        [own, REF],
        [REF, own],
    ].entries();
    for (const [turn, refs] of both) {
        for (const ref of refs) {
            const here = { ...ref, path: ref.path.replace("audit", `audit${turn}`) };
            for (let n = 0; n < 12; n++) {
                const log = await AuditLog.open(here);
                await log.append({ action: "log_note", message: "x" });
            }
        }
        for (const ref of refs) {
            const { log } = await verifyFile(ref.path.replace("audit", `audit${turn}`), { mode: "full" });
            expect(log.stack).toBe(ref.stack);
        }
    }
});
