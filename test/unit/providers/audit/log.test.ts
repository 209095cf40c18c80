import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LogBehind } from "../../../../core/audit/behind.js";
import type { AuditLine, Checkpoint, RecordMark } from "../../../../core/audit/record.js";
import { AuditError } from "../../../../core/errors.js";
import { lockFile } from "../../../../providers/audit/lock.js";
import { AuditLog, type AuditRef, type OpenOptions } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const path = "audit/dev.jsonl";
const REF: AuditRef = { path, project: "shop", stack: "dev" };

function open(changes: Partial<AuditRef> = {}, options?: OpenOptions): Promise<AuditLog> {
    return AuditLog.open({ ...REF, ...changes }, options);
}

/** A log with a genesis record and `count` more. */
async function written(count: number): Promise<{ log: AuditLog; marks: RecordMark[] }> {
    const log = await open();
    const marks: RecordMark[] = [];
    for (let n = 1; n <= count; n++) {
        marks.push(await log.append({ action: "peer_add", message: `Added p${n}`, details: { name: `p${n}` } }));
    }
    return { log, marks };
}

function lines(): AuditLine[] {
    return texts().map((text) => JSON.parse(text) as AuditLine);
}

function texts(): string[] {
    return fs.readFileSync(path, "utf8").split("\n").slice(0, -1);
}

function rewrite(change: (texts: string[]) => string[]): void {
    fs.writeFileSync(
        path,
        change(texts())
            .map((text) => `${text}\n`)
            .join(""),
    );
}

async function problem(promise: Promise<unknown>): Promise<AuditError> {
    const outcome = await promise.catch((error: unknown) => error);
    if (!(outcome instanceof AuditError)) throw new Error("nothing was refused", { cause: outcome });
    return outcome;
}

describe("the first record", () => {
    test("begins the log, its folder and its key, all private", async () => {
        const log = await open();
        expect(await log.status()).toBeUndefined();
        const operation = await log.begin({
            action: "setup_relay",
            message: "Setting up relay",
            details: { relay: "relay" },
        });
        await operation.success({ message: "Relay is up" });
        expect(
            lines().map(({ action, status, message, user, details }) => ({ action, status, message, user, details })),
        ).toEqual([
            {
                action: "log_created",
                status: "success",
                message: "Log of shop/dev begun",
                user: "alice",
                details: {
                    format: "qp-tunnel-audit/1",
                    hash: "sha3-256",
                    project: "shop",
                    public_key: expect.stringMatching(/^[0-9a-f]{64}$/),
                    signature: "ed25519",
                    stack: "dev",
                },
            },
            {
                action: "setup_relay_begin",
                status: "success",
                message: "Setting up relay",
                user: "alice",
                details: { relay: "relay" },
            },
            { action: "setup_relay", status: "success", message: "Relay is up", user: "alice", details: {} },
        ]);
        expect((fs.statSync("audit").mode & 0o777).toString(8)).toBe("700");
        expect((fs.statSync(path).mode & 0o777).toString(8)).toBe("600");
        expect(fs.readdirSync("audit").sort()).toEqual(["dev.jsonl", "dev.jsonl.lock"]);
        await verifyFile(path, { mode: "full" });
    });

    test("is in the project's folder, wherever the program runs", async () => {
        fs.mkdirSync("deep/er", { recursive: true });
        process.chdir("deep/er");
        const log = await open();
        await log.append({ action: "log_note", message: "x" });
        expect(log.path).toBe(join(fs.realpathSync(scratch.folder), path));
    });

    test("is not written when the state remembers records", async () => {
        const log = await open({}, { expectExisting: true });
        expect((await problem(log.begin({ action: "setup_relay", message: "x" }))).message).toBe(
            "line 1 of audit/dev.jsonl: it is missing: the log is not there, though the state remembers records in it; " +
                "bring the log back from version control or its mirror, or name it in `path` of AuditSink where the relay came from another project; if it is lost for good, say so with restartFrom",
        );
        expect(fs.existsSync(path)).toBe(false);
        expect(fs.existsSync(scratch.config)).toBe(false);
    });

    test("names the pipeline in the record that begins an operation", async () => {
        process.env["GITLAB_CI"] = "true";
        process.env["GITLAB_USER_LOGIN"] = "bob";
        process.env["CI_COMMIT_SHA"] = "abc";
        const operation = await (await open()).begin({ action: "setup_relay", message: "x" });
        await operation.success({ message: "y" });
        expect(lines().map(({ user, details }) => [user, details["ci"]])).toEqual([
            ["bob", undefined],
            ["bob", { system: "gitlab", commit: "abc" }],
            ["bob", undefined],
        ]);
    });
});

describe("appending", () => {
    test("returns where each record is", async () => {
        const { marks } = await written(3);
        const [, ...records] = lines();
        let offset = Buffer.byteLength(`${texts()[0]}\n`);
        const expected = records.map(({ capsule }, index) => {
            const mark = { sequence: index + 1, hash: capsule.hash, offset, genesis: lines()[0]?.capsule.hash };
            offset += Buffer.byteLength(`${texts()[index + 1]}\n`);
            return mark;
        });
        expect(marks).toEqual(expected);
    });

    test("keeps one chain and times in order when many do it at once", async () => {
        const logs = await Promise.all(Array.from({ length: 20 }, () => open()));
        await Promise.all(logs.map((log, n) => log.append({ action: "log_note", message: `note ${n}` })));
        const { size, warnings } = await verifyFile(path, { mode: "full" });
        expect([size, warnings]).toEqual([21, []]);
        expect(
            lines()
                .slice(1)
                .map(({ message }) => message),
        ).toEqual(Array.from({ length: 20 }, (_, n) => `note ${n}`));
    });

    test("goes on behind what another process wrote", async () => {
        const { log } = await written(2);
        const before = texts();
        await log.append({ action: "log_note", message: "here" });
        const fork = texts();
        // As if the record of this process had never been, and another had come instead.
        rewrite(() => before);
        await log.append({ action: "log_note", message: "there" });
        expect(lines().map(({ capsule }) => capsule.sequence)).toEqual([0, 1, 2, 3]);
        expect(texts().slice(0, 3)).toEqual(fork.slice(0, 3));
        await verifyFile(path, { mode: "full" });
    });

    test("writes what is too long for a line in parts, and finds it whole again", async () => {
        const log = await open();
        const peers = Object.fromEntries(
            Array.from({ length: 9_000 }, (_, n) => [`peer${n}`, { address: `10.8.${n >> 8}.${n & 255}` }]),
        );
        const details = { relay: "relay", peers };
        const mark = await log.append({ action: "registry", message: "Ledger", details });
        await log.append({ action: "log_note", message: "later" });
        expect(lines().map(({ details: { part, parts } }) => [part, parts])).toEqual([
            [undefined, undefined],
            [1, 3],
            [2, 3],
            [3, 3],
            [undefined, undefined],
        ]);
        expect(mark.sequence).toBe(3);
        expect(await log.findDetails(({ action }) => action === "registry")).toEqual(details);
        // The writer was killed after the second part: the record before counts.
        await log.append({ action: "registry", message: "Ledger", details: { relay: "old" } });
        await log.append({ action: "registry", message: "Ledger", details });
        rewrite((all) => all.slice(0, -1));
        expect(await log.findDetails(({ action }) => action === "registry")).toEqual({ relay: "old" });
    });

    test("makes a record of anything", async () => {
        const log = await open();
        await log.append({ action: "log_note", message: "a\nb\u001b[0m", details: { "ключ/1": 0.5, when: undefined } });
        expect(lines().at(-1)).toMatchObject({ message: "a␊b␛[0m", details: { _____1: "0.5" } });
        await verifyFile(path, { mode: "full" });
    });

    test("is refused while another writer holds the log", async () => {
        const { log } = await written(1);
        const release = await lockFile(`${path}.lock`, path);
        jest.spyOn(performance, "now").mockReturnValueOnce(0).mockReturnValue(10_001);
        expect((await problem(log.append({ action: "log_note", message: "x" }))).message).toContain(
            "audit/dev.jsonl: it is locked by another writer for more than 10 s",
        );
        release();
        await log.append({ action: "log_note", message: "y" });
        expect(lines()).toHaveLength(3);
    });
});

describe("a log that is not ours to continue", () => {
    test.each([
        [
            "another stack's",
            { stack: "prod" },
            "line 1 of audit/dev.jsonl: it is the log of another stack: dev, not prod",
        ],
        [
            "another project's",
            { project: "other" },
            "line 1 of audit/dev.jsonl: it is the log of another project: shop, not other",
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
            /^signing key [0-9a-f]{16}: the log of shop\/dev is sealed with another key, [0-9a-f]{16}; give this machine the key/,
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
            /^line 1 of audit\/dev\.jsonl: it is missing: .* say so with restartFrom: "[0-9a-f]{64}"$/,
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
                message: "Moved 16 bytes of an interrupted write to dev.jsonl.torn-1",
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

    test("is no excuse for a record that somebody remembers", async () => {
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
                "audit/dev.jsonl: it cannot be read or written: ENOSPC: no space left on device; see to the disk and the " +
                    "permissions, then run again: what was written half is repaired then",
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
            /^audit\/dev\.jsonl: it has \d+ bytes after a write that should have made it \d+: somebody else writes to it/,
        );
    });
});

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
        ["nothing is left", () => [], "line 4 of audit/dev.jsonl: it is missing: the log is not there"],
    ])("fails by line when %s", async (_what, change, message) => {
        const { log, marks } = await written(4);
        rewrite(change);
        expect((await problem(log.verifyMark(marks[2]!))).message).toContain(message);
    });

    test("fails when the log is gone or another one, though of the same key", async () => {
        const { log, marks } = await written(3);
        fs.rmSync(path);
        expect((await problem(log.verifyMark(marks[1]!))).message).toContain(
            "line 3 of audit/dev.jsonl: it is missing: the log is not there, though the state remembers records in it",
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
            "audit/dev.jsonl: it is at least 2 lines older than the state: line 4 is missing here; rebase this branch on what was " +
                "applied last, or fetch the newer log with `qp-tunnel audit pull`; if nobody has a newer one, its end was cut; " +
                "an update will refuse",
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
        ["nothing is left", () => [], "line 3 of audit/dev.jsonl: it is missing: the log is not there"],
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
            "audit/dev.jsonl: the log is lost, as acknowledged by restartFrom; the next update begins a new one";
        expect(await again.verifyMark(mark)).toEqual([lost]);
        expect(await again.verifyCheckpoint(pinned)).toEqual([lost]);
        await again.append({ action: "log_note", message: "new" });
        expect(lines()[0]?.details["restarted_from"]).toBe(pinned.genesis);
        const anew = `audit/dev.jsonl: begun anew after the loss of ${pinned.genesis}`;
        expect(await again.verifyMark(mark)).toEqual([anew]);
        expect(await again.verifyCheckpoint(pinned)).toEqual([anew]);
        const { genesis: _, ...short } = mark;
        expect(await again.verifyMark(short)).toEqual([anew]);
        // Nobody who does not acknowledge the loss is content with the new log.
        expect((await problem((await open()).verifyMark(mark))).message).toContain(
            "audit/dev.jsonl: it is at least 1 line older than the state: line 3 is missing here",
        );
        expect((await problem((await open()).verifyCheckpoint(pinned))).message).toContain(
            "line 1 of audit/dev.jsonl: it begins another log",
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

test("entries come from the newest or the oldest; a log that is not there has none", async () => {
    const messages = async (order?: "oldest") => {
        const found: string[] = [];
        for await (const line of (await open()).entries(order)) found.push(line.message);
        return found;
    };
    expect(await messages()).toEqual([]);
    await written(2);
    expect(await messages()).toEqual(["Added p2", "Added p1", "Log of shop/dev begun"]);
    expect(await messages("oldest")).toEqual(["Log of shop/dev begun", "Added p1", "Added p2"]);
    expect(await (await open()).findDetails(({ action }) => action === "none")).toBeUndefined();
    rewrite((all) => all.map((text, n) => (n === 1 ? text.replace("{", "{ ") : text)));
    await expect(messages()).rejects.toThrow("line 2 of audit/dev.jsonl: it is not written the way the log writes it");
});

test("no record holds the signing key", async () => {
    const { log } = await written(2);
    const operation = await log.begin({ action: "peer_add", message: "x" });
    await operation.failure(new Error("y"));
    const seed = fs.readFileSync(join(scratch.config, "pulumi-qp-tunnel/keys/shop/dev.key"), "utf8").trim();
    const written_ = fs.readFileSync(path, "utf8");
    for (const form of [seed, Buffer.from(seed, "hex").toString("base64")]) expect(written_).not.toContain(form);
});

describe("a machine without the key", () => {
    const unwritable = async (ref: Partial<AuditRef>): Promise<string | undefined> =>
        (await AuditLog.open({ path, project: "shop", stack: "dev", ...ref })).unwritable();

    test("is told so before an update, which would need it", async () => {
        expect(await unwritable({})).toBeUndefined();
        expect(await unwritable({ signingKey: "env:NO_SUCH_KEY" })).toContain("the variable is not set");
        await (await open()).append({ action: "log_note", message: "x" });
        expect(await unwritable({})).toBeUndefined();
        process.env["OTHER_KEY"] = "ef".repeat(32);
        expect(await unwritable({ signingKey: "env:OTHER_KEY" })).toMatch(
            /^signing key \w{16}: the key of audit\/dev.jsonl is/,
        );
        fs.rmSync(scratch.config, { recursive: true });
        expect(await unwritable({})).toContain("it is not on this machine, and the log was begun with it");
    });
});

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
