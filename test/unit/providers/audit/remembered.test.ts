import fs from "node:fs";

import { LogBehind } from "../../../../core/audit/behind.js";
import type { Checkpoint, RecordMark } from "../../../../core/audit/record.js";
import { lines, open, path, problem, rewrite, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

describe("a mark", () => {
    test("holds while its line is there, whatever follows", async () => {
        const { log, marks } = await written(3);
        for (const mark of marks) expect(await log.verifyMark(mark)).toEqual([]);
        const { genesis: _, ...short } = marks[1]!;
        expect(await log.verifyMark(short)).toEqual([]);
    });

    test.each<[string, (all: string[]) => string[], string]>([
        [
            "its line was changed",
            (all) => all.map((text) => text.replace("Added p3", "Added p9")),
            "line 4 of audit/dev.jsonl: its content does not match its hash",
        ],
        [
            "its line's signature was changed",
            (all) =>
                all.map((text, n) =>
                    n === 3
                        ? text.replace(/"signature":"(.)/, (_m, c) => `"signature":"${c === "0" ? "1" : "0"}`)
                        : text,
                ),
            "line 4 of audit/dev.jsonl: its signature is not the log's key's",
        ],
        [
            "an earlier line was lengthened",
            (all) => all.map((text) => text.replace("Added p1", "Added peer1")),
            "line 2 of audit/dev.jsonl: its content does not match its hash",
        ],
        [
            "an earlier line was left out",
            (all) => all.filter((_text, n) => n !== 2),
            "line 3 of audit/dev.jsonl: its sequence is 3, not 2",
        ],
        [
            "the log was cut before it",
            (all) => all.slice(0, 3),
            "audit/dev.jsonl: it is at least 1 line older than the state: line 4 is missing here; rebase this branch on",
        ],
        ["nothing is left", () => [], "line 4 of audit/dev.jsonl: it is missing: the log does not exist"],
    ])("fails by line when %s", async (_what, change, message) => {
        const { log, marks } = await written(4);
        rewrite(change);
        expect((await problem(log.verifyMark(marks[2]!))).message).toContain(message);
    });

    test("fails when the log is gone or another one, though of the same key", async () => {
        const { log, marks } = await written(3);
        fs.rmSync(path);
        expect((await problem(log.verifyMark(marks[1]!))).message).toContain(
            "line 3 of audit/dev.jsonl: it is missing: the log does not exist, but the state pins records in it",
        );
        const kept = fs.readdirSync("audit");
        fs.mkdirSync("other");
        const other = await open({ path: "other/dev.jsonl" });
        for (let n = 0; n < 4; n++) await other.append({ action: "log_note", message: "x" });
        fs.renameSync("other/dev.jsonl", path);
        expect(kept).toEqual(["dev.jsonl.lock"]);
        expect((await problem(log.verifyMark(marks[1]!))).message).toContain(
            "line 3 of audit/dev.jsonl: it was replaced",
        );
    });

    test("behind a cut is a warning in a preview that was told so, and nowhere else", async () => {
        const { marks } = await written(4);
        rewrite((all) => all.slice(0, 3));
        const tolerant = await open({ onBehind: "warn" });
        const told: string[] = [];
        const behind = (warning: string): void => void told.push(warning);
        expect(await tolerant.verifyMark(marks[3]!, { behind })).toEqual([]);
        expect(told).toEqual([
            "audit/dev.jsonl: it is at least 2 lines older than the state: line 4 is missing here; rebase this branch on the last " +
                "applied commit, or fetch the newer log with `qp-tunnel audit pull`; if there is no newer one, the log was truncated; " +
                "an update will be refused",
        ]);
        expect(await problem(tolerant.verifyMark(marks[3]!))).toBeInstanceOf(LogBehind);
        expect(await problem((await open()).verifyMark(marks[3]!, { behind }))).toBeInstanceOf(LogBehind);
        rewrite((all) => all.map((text) => text.replace("Added p1", "Added p2")));
        const contradiction = await problem(tolerant.verifyMark(marks[3]!, { behind }));
        expect(contradiction.message).toContain("line 2 of audit/dev.jsonl: its content does not match its hash");
        expect(told).toHaveLength(1);
    });
});

describe("a checkpoint", () => {
    test("says what the log is, and holds while it grows", async () => {
        const { log } = await written(2);
        const pinned = await log.checkpoint();
        const status = await log.status();
        expect(pinned).toEqual({
            ...status,
            root: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
            note: expect.stringContaining(
                `qp-tunnel/shop/dev/${pinned.genesis.slice(0, 16)}\n3\n${pinned.root}\n\n— qp-tunnel`,
            ),
        });
        expect(await log.verifyCheckpoint(pinned)).toEqual([]);
        await log.append({ action: "log_note", message: "more" });
        expect(await log.verifyCheckpoint(pinned)).toEqual([]);
        fs.appendFileSync(path, "torn");
        expect(await log.verifyCheckpoint(pinned)).toEqual([]);
    });

    test.each<[string, (all: string[]) => string[], string]>([
        [
            "a line was changed",
            (all) => all.map((text) => text.replace("Added p1", "Added p9")),
            "line 2 of audit/dev.jsonl: its content",
        ],
        [
            "a line's signature was changed",
            (all) =>
                all.map((text, n) =>
                    n === 1
                        ? text.replace(/"signature":"(.)/, (_m, c) => `"signature":"${c === "0" ? "1" : "0"}`)
                        : text,
                ),
            "line 2 of audit/dev.jsonl: its signature is not the log's key's",
        ],
        ["the end was cut", (all) => all.slice(0, 2), "it is 1 line older than the state: line 3 is missing here"],
        ["nothing is left", () => [], "line 3 of audit/dev.jsonl: it is missing: the log does not exist"],
    ])("fails by line when %s", async (_what, change, message) => {
        const { log } = await written(2);
        const pinned = await log.checkpoint();
        rewrite(change);
        expect((await problem(log.verifyCheckpoint(pinned))).message).toContain(message);
    });

    test("is older than a log that was cut and went on: the fork is found", async () => {
        const { log } = await written(3);
        const pinned = await log.checkpoint();
        rewrite((all) => all.slice(0, 3));
        const forger = await open();
        await forger.append({ action: "log_note", message: "instead" });
        await forger.append({ action: "log_note", message: "more" });
        expect((await problem(log.verifyCheckpoint(pinned))).message).toContain(
            "line 4 of audit/dev.jsonl: it was replaced",
        );
    });

    test("warns where time goes backwards", async () => {
        const { log } = await written(1);
        jest.spyOn(Date, "now").mockReturnValue(0);
        await log.append({ action: "log_note", message: "at the beginning of time" });
        expect(await log.verifyCheckpoint(await log.checkpoint())).toEqual([
            expect.stringMatching(
                /^line 3 of audit\/dev\.jsonl: time goes backwards, from 20.* to 1970-01-01T00:00:00Z$/,
            ),
        ]);
    });
});

describe("a log that is truly lost", () => {
    let pinned: Checkpoint;
    let mark: RecordMark;
    beforeEach(async () => {
        const { log, marks } = await written(2);
        pinned = await log.checkpoint();
        mark = marks[1]!;
        fs.rmSync(path);
    });

    test("is begun anew when the program says which, and the new one says so first", async () => {
        const again = await open({ restartFrom: pinned.genesis }, { expectExisting: true });
        const lost =
            "audit/dev.jsonl: the log is lost, as acknowledged by restartFrom; the next update creates a new one";
        expect(await again.verifyMark(mark)).toEqual([lost]);
        expect(await again.verifyCheckpoint(pinned)).toEqual([lost]);
        await again.append({ action: "log_note", message: "new" });
        expect(lines()[0]?.details["restarted_from"]).toBe(pinned.genesis);
        const anew = `audit/dev.jsonl: started again after the loss of ${pinned.genesis}`;
        expect(await again.verifyMark(mark)).toEqual([anew]);
        expect(await again.verifyCheckpoint(pinned)).toEqual([anew]);
        const { genesis: _, ...short } = mark;
        expect(await again.verifyMark(short)).toEqual([anew]);
        // Nobody who does not acknowledge the loss is content with the new log.
        expect((await problem((await open()).verifyMark(mark))).message).toContain(
            "audit/dev.jsonl: it is at least 1 line older than the state: line 3 is missing here",
        );
        expect((await problem((await open()).verifyCheckpoint(pinned))).message).toContain(
            "line 1 of audit/dev.jsonl: it belongs to a different log",
        );
    });

    test("cannot be lost twice with one acknowledgement", async () => {
        const again = await open({ restartFrom: pinned.genesis });
        const later = await again.append({ action: "log_note", message: "new" });
        const pinnedLater = await again.checkpoint();
        fs.rmSync(path);
        expect((await problem(again.append({ action: "log_note", message: "newer" }))).message).toContain(
            "line 1 of audit/dev.jsonl: it is missing",
        );
        expect((await problem(again.verifyMark(later))).message).toContain("line 2 of audit/dev.jsonl: it is missing");
        expect((await problem(again.verifyCheckpoint(pinnedLater))).message).toContain(
            "line 2 of audit/dev.jsonl: it is missing",
        );
    });

    test("is not begun anew for another log's name", async () => {
        const wrong = await open({ restartFrom: "00".repeat(32) }, { expectExisting: true });
        expect((await problem(wrong.verifyMark(mark))).message).toContain("it is missing");
        expect((await problem(wrong.append({ action: "log_note", message: "x" }))).message).toContain("it is missing");
    });
});
