import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";

import fc from "fast-check";

import { LogBehind } from "../../../../core/audit/behind.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import {
    COMPARED,
    fileMirror,
    type MirrorStatus,
    type MirrorTransport,
    missingInMirror,
    pullFromMirror,
    pushToMirror,
} from "../../../../providers/audit/mirror.js";
import { openLog } from "../../../../providers/audit/segments.js";
import { entry, makeLog } from "../../core/audit/logs.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const path = "audit/dev.jsonl";
const REF: AuditRef = { path, project: "shop", stack: "dev" };
const mirrored = (): Buffer => fs.readFileSync("mirror");
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function write(count: number, ref: AuditRef = REF): Promise<void> {
    const log = await AuditLog.open(ref);
    for (let n = 1; n <= count; n++) await log.append({ action: "log_note", message: `n ${n}` });
}

const push = (mirror: MirrorTransport = fileMirror("mirror")): Promise<number> => pushToMirror(path, path, mirror);

test("only what is missing is sent, and only whole lines", async () => {
    await write(3);
    expect(await push()).toBe(fs.statSync(path).size);
    expect(mirrored()).toEqual(fs.readFileSync(path));
    expect((fs.statSync("mirror").mode & 0o777).toString(8)).toBe("600");
    expect(await push()).toBe(0);
    await write(2);
    const whole = fs.readFileSync(path);
    fs.appendFileSync(path, '{"torn');
    expect(await push()).toBeGreaterThan(0);
    expect(mirrored()).toEqual(whole);
});

test("segments arrive as one, and come back as one log", async () => {
    await write(12, { ...REF, segmentBytes: 1_900 });
    expect(await push()).toBe(fs.statSync("mirror").size);
    const log = openLog(path, path)!;
    expect(mirrored()).toEqual(log.read(0, log.size));
    log.close();
    fs.rmSync("audit", { recursive: true });
    const { added, verdict } = await pullFromMirror(path, path, fileMirror("mirror"));
    expect([added, verdict.size]).toEqual([mirrored().length, 16]);
    expect(fs.readFileSync(path)).toEqual(mirrored());
});

test("a log of segments whose last file is behind gets the rest into that file", async () => {
    await write(12, { ...REF, segmentBytes: 1_900 });
    await push();
    fs.truncateSync(path, 100);
    await pullFromMirror(path, path, fileMirror("mirror"));
    await write(1);
    expect((await AuditLog.open(REF)).path).toContain("dev.jsonl");
    expect(await push()).toBeGreaterThan(0);
});

test("a mirror that was interrupted in a line is gone on with in that line", async () => {
    await write(3);
    await push();
    await write(1);
    fs.appendFileSync("mirror", fs.readFileSync(path).subarray(mirrored().length, mirrored().length + 50));
    await push();
    expect(mirrored()).toEqual(fs.readFileSync(path));
});

test.each<[string, () => void, string]>([
    [
        "the log was cut",
        () => fs.writeFileSync(path, fs.readFileSync(path, "utf8").split("\n").slice(0, 2).join("\n") + "\n"),
        "the log was truncated, or is an older copy",
    ],
    ["the log was replaced", () => fs.writeFileSync(path, replacement()), "its mirror has different records"],
    [
        "the mirror's end was changed",
        () => fs.writeFileSync("mirror", String(mirrored()).replace("n 3", "n 9")),
        "its mirror has different records",
    ],
])("when %s nothing is sent", async (_what, tamper, message) => {
    await write(3);
    await push();
    tamper();
    const before = mirrored();
    await expect(push()).rejects.toThrow(message);
    expect(mirrored()).toEqual(before);
});

test("a mirror's word for its head is enough to find the contradiction", async () => {
    await write(3);
    const { size } = fs.statSync(path);
    const log = openLog(path, path)!;
    const lines = fs.readFileSync(path, "utf8").trimEnd().split("\n");
    const head = (JSON.parse(lines.at(-1)!) as { capsule: { hash: string } }).capsule.hash;
    const knows = (hash: string): MirrorTransport => ({
        status: () => Promise.resolve({ bytes: size, head: hash }),
        read: (offset, length) => Promise.resolve(log.read(offset, length)),
        append: () => Promise.reject(new Error("nothing is to be sent")),
    });
    expect(await missingInMirror(log, path, knows(head))).toEqual({ offset: size, end: size });
    await expect(missingInMirror(log, path, knows("00".repeat(32)))).rejects.toThrow(
        "its mirror has different records",
    );
    log.close();
});

test("a mirror that says how it ends is not read", async () => {
    await write(3);
    const log = openLog(path, path)!;
    const whole = fs.readFileSync(path);
    const ends = (tail: Buffer): MirrorTransport => ({
        status: () => Promise.resolve({ bytes: whole.length, tail, digest: sha256(whole) }),
        read: () => Promise.reject(new Error("it was read")),
        append: () => Promise.reject(new Error("nothing is to be sent")),
    });
    const { length } = whole;
    expect(await missingInMirror(log, path, ends(whole.subarray(-4096)))).toEqual({ offset: length, end: length });
    const other = Buffer.from(whole.subarray(-4096).toString().replace("n 3", "n 9"));
    await expect(missingInMirror(log, path, ends(other))).rejects.toThrow("its mirror has different records");
    log.close();
});

/** A mirror in a file that extends itself as the relay's does, with the names of what it was asked. */
function extending(): { mirror: MirrorTransport; asked: string[] } {
    const asked: string[] = [];
    const file = fileMirror("mirror");
    const status = (): MirrorStatus => ({
        bytes: mirrored().length,
        tail: mirrored().subarray(-COMPARED),
        digest: sha256(mirrored()),
    });
    const mirror: MirrorTransport = {
        ...file,
        status: () => (asked.push("status"), Promise.resolve(status())),
        read: () => Promise.reject(new Error("it was read")),
        append: (offset, bytes) => (asked.push("append"), file.append(offset, bytes)),
        async extend(offset, digest, bytes) {
            asked.push("extend");
            if (mirrored().length !== offset || sha256(mirrored()) !== digest) return status();
            return file.append(offset, bytes).then(() => undefined);
        },
    };
    return { mirror, asked };
}

test("a mirror that holds what is expected is asked once, also when it lacks nothing", async () => {
    await write(3);
    const pinned = await push();
    await write(2);
    const { mirror, asked } = extending();
    const { size } = fs.statSync(path);
    expect(await pushToMirror(path, path, mirror, pinned)).toBe(size - pinned);
    expect(mirrored()).toEqual(fs.readFileSync(path));
    expect(await pushToMirror(path, path, mirror, size)).toBe(0);
    expect(asked).toEqual(["extend", "extend"]);
});

test("whatever was expected, the mirror comes to hold the log, and nothing is sent to one that contradicts it", async () => {
    await write(4);
    const whole = fs.readFileSync(path);
    const ends = [...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1);
    const lengths = fc.oneof(fc.constantFrom(0, ...ends), fc.nat(whole.length + 50));
    await fc.assert(
        fc.asyncProperty(lengths, lengths, fc.nat(), fc.boolean(), async (held, expected, at, isOther) => {
            const before = Buffer.from(whole.subarray(0, held));
            if (isOther && before.length > 0) before[at % before.length]! ^= 1;
            fs.writeFileSync("mirror", before);
            const pushed = pushToMirror(path, path, extending().mirror, expected);
            if (isOther && before.length > 0) {
                await expect(pushed).rejects.toThrow("its mirror has different records");
                expect(mirrored()).toEqual(before);
            } else {
                expect(await pushed).toBe(whole.length - before.length);
                expect(mirrored()).toEqual(whole);
            }
        }),
    );
});

test("a mirror that is behind what is pinned restores nothing", async () => {
    await write(3);
    const log = await AuditLog.open(REF);
    await push();
    await write(1);
    const checkpoint = await log.checkpoint();
    fs.rmSync("audit", { recursive: true });
    const pulled = pullFromMirror(path, path, fileMirror("mirror"), { checkpoint });
    await expect(pulled).rejects.toThrow(LogBehind);
    expect(fs.existsSync(path)).toBe(false);
});

test("two writers to a file mirror at once are noticed", async () => {
    await write(1);
    await push();
    await expect(fileMirror("mirror").append(5, Buffer.from("x"))).rejects.toThrow(
        /^mirror: it ends at byte \d+, not 5/,
    );
});

function replacement(): string {
    return makeLog([1, 2, 3, 4, 5, 6, 7].map((n) => entry(n))).texts.join("");
}

test("a mirror whose end alone is right is refused, and a changed signature is neither sent nor restored", async () => {
    await write(20);
    const whole = fs.readFileSync(path);
    const garbage = Buffer.from(whole);
    garbage.fill("x", 100, 200);
    fs.writeFileSync("mirror.jsonl", garbage);
    await expect(pushToMirror(path, path, fileMirror("mirror.jsonl"))).rejects.toThrow(
        "its mirror has different records",
    );

    const forged = whole
        .toString()
        .replace(
            /("sequence":5,.*?"signature":")([0-9a-f]{2})/,
            (_, head: string, byte: string) => head + (byte === "00" ? "01" : "00"),
        );
    fs.writeFileSync("mirror.jsonl", forged);
    await expect(pullFromMirror("restored.jsonl", "restored.jsonl", fileMirror("mirror.jsonl"))).rejects.toThrow(
        "line 6 of the mirror of restored.jsonl: its signature is not the log's key's",
    );
    expect(fs.existsSync("restored.jsonl")).toBe(false);
});

test("a pipe or a folder is no mirror", async () => {
    await write(2);
    execFileSync("mkfifo", ["pipe"]);
    fs.mkdirSync("folder");
    for (const mirror of ["pipe", "folder"])
        await expect(pushToMirror(path, path, fileMirror(mirror))).rejects.toThrow("it is not a regular file");
});
