import fs from "node:fs";
import { dirname, join } from "node:path";

import type { AuditLine } from "../../../../core/audit/record.js";
import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { rotateKey } from "../../../../providers/audit/rotateKey.js";
import { defaultKeyFile, formerKeyFile } from "../../../../providers/audit/signingKey.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const path = "audit/dev.jsonl";
const REF: AuditRef = { path, project: "shop", stack: "dev" };
const key = (): string => join(scratch.config, "pulumi-qp-tunnel/keys/shop/dev.key");
const lines = (): AuditLine[] =>
    fs
        .readFileSync(path, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as AuditLine);
const note = async (message: string, ref: AuditRef = REF): Promise<unknown> =>
    (await AuditLog.open(ref)).append({ action: "log_note", message });

test("a key in a file is replaced there, the old one kept beside it, and the log goes on with the new one", async () => {
    await note("one");
    const old = fs.readFileSync(key(), "utf8");
    const log = await AuditLog.open(REF);
    const pinned = await log.checkpoint();
    const rotation = await rotateKey(REF);
    await note("two");

    const verdict = await verifyFile(path, { mode: "full", checkpoint: pinned });
    expect(verdict.keys.map(({ publicKey, from }) => [publicKey, from])).toEqual([
        [rotation.previous, 0],
        [rotation.publicKey, 3],
    ]);
    expect(rotation).toEqual({
        publicKey: verdict.log.publicKey,
        previous: lines()[0]?.details["public_key"],
        sequence: 2,
        file: key(),
        backup: `${key()}.retired-${rotation.previous.slice(0, 16)}`,
        next: "copy the new key to every machine that writes this log; the old one is no longer needed",
    });
    expect(lines()[2]).toMatchObject({
        action: "log_key_rotated",
        status: "success",
        message: `Key ${rotation.publicKey.slice(0, 16)} is the current key from here on`,
        user: "alice",
        details: { public_key: rotation.publicKey, previous_public_key: rotation.previous },
    });
    expect(fs.readFileSync(rotation.backup!, "utf8")).toBe(old);
    expect(fs.readFileSync(key(), "utf8")).not.toBe(old);
    for (const file of [key(), rotation.backup!]) expect((fs.statSync(file).mode & 0o777).toString(8)).toBe("600");
    expect(fs.existsSync(`${key()}.next`)).toBe(false);
    // What a resource or the state remembers from before and after holds.
    expect(await log.verifyCheckpoint(pinned)).toEqual([]);
    expect(await log.verifyCheckpoint(await log.checkpoint())).toEqual([]);
    for (const line of lines()) {
        const offset = fs.readFileSync(path).indexOf(`{"timestamp":"${line.timestamp}"`);
        expect(offset).toBeGreaterThanOrEqual(0);
    }
});

test("marks of records before, of and after a rotation hold", async () => {
    const log = await AuditLog.open(REF);
    const marks = [await log.append({ action: "log_note", message: "one" })];
    await rotateKey(REF);
    marks.push(await (await AuditLog.open(REF)).append({ action: "log_note", message: "two" }));
    await rotateKey(REF);
    marks.push(await (await AuditLog.open(REF)).append({ action: "log_note", message: "three" }));
    for (const mark of marks) expect(await (await AuditLog.open(REF)).verifyMark(mark)).toEqual([]);
});

test("a process that still has the retired key cannot write, and is told by which line", async () => {
    await note("one");
    fs.copyFileSync(key(), "stolen.key");
    const { publicKey, previous } = await rotateKey(REF);
    await expect(note("late", { ...REF, signingKey: "file:stolen.key" })).rejects.toThrow(
        `signing key ${previous.slice(0, 16)}: line 3 of ${path} retired it; copy the current key, ${publicKey.slice(0, 16)}, to this machine`,
    );
    expect(lines()).toHaveLength(3);
});

test("a key in the environment is not replaced; the next one is named, and the log says what to do", async () => {
    process.env["OLD"] = "ab".repeat(32);
    process.env["NEW"] = "cd".repeat(32);
    const ref = { ...REF, signingKey: "env:OLD" };
    await note("one", ref);
    await expect(rotateKey(ref)).rejects.toThrow(
        "--to: the key is in the environment (env:OLD), where this command cannot replace it; give the next key with --to",
    );
    await expect(rotateKey(ref, "env:OLD")).rejects.toThrow("--to: it is already the current key");
    expect((await rotateKey(ref, "env:NEW")).next).toBe('set signingKey to "env:NEW", or set env:OLD to that key');
    await expect(note("late", ref)).rejects.toThrow("retired it");
    await note("two", { ...REF, signingKey: "env:NEW" });
    expect((await verifyFile(path, { mode: "full" })).size).toBe(4);
    expect(fs.existsSync(scratch.config)).toBe(false);
});

test("interrupted before the record, the same next key is used; behind it, only the files are left to do", async () => {
    await note("one");
    const rename = jest.spyOn(fs, "renameSync").mockImplementation(() => {
        throw Object.assign(new Error("EIO: killed here"), { code: "EIO" });
    });
    await expect(rotateKey(REF)).rejects.toThrow("EIO");
    rename.mockRestore();
    const [rotated] = lines().slice(-1);
    expect(rotated?.action).toBe("log_key_rotated");
    await expect(note("late")).rejects.toThrow("if the rotation was interrupted here, run qp-tunnel audit rotate-key");

    const { sequence, publicKey } = await rotateKey(REF);
    expect([sequence, publicKey]).toEqual([undefined, rotated?.details["public_key"]]);
    await note("two");
    expect(lines().map(({ action }) => action)).toEqual(["log_created", "log_note", "log_key_rotated", "log_note"]);
    await verifyFile(path, { mode: "full" });
});

test("a log that is not there has no key to rotate, and none is made", async () => {
    await expect(rotateKey(REF)).rejects.toThrow("it is not on this machine");
    expect(fs.existsSync(path)).toBe(false);
    expect(fs.existsSync(scratch.config)).toBe(false);
});

test("a rotation cannot be written as an ordinary record", async () => {
    const log = await AuditLog.open(REF);
    await expect(log.append({ action: "log_key_rotated", message: "x" })).rejects.toThrow(TypeError);
});

test("a key that sealed the log before is refused, and nothing is written", async () => {
    const ref = { ...REF, signingKey: "env:K0" };
    for (let n = 0; n < 4; n++) process.env[`K${n}`] = `${n}${n}`.repeat(32);
    await note("one", ref);
    const first = lines()[0]?.details["public_key"] as string;
    for (let n = 1; n < 4; n++) {
        await rotateKey({ ...ref, signingKey: `env:K${n - 1}` }, `env:K${n}`);
        const before = fs.readFileSync(path);
        await expect(rotateKey({ ...ref, signingKey: `env:K${n}` }, "env:K0")).rejects.toThrow(
            `signing key ${first.slice(0, 16)}: ${path} was sealed with it until line 3, and a retired key cannot be used again; choose a key that this log has never used; nothing was written`,
        );
        expect(fs.readFileSync(path).equals(before)).toBe(true);
        await verifyFile(path, { mode: "full" });
    }
});

test("a key that two stacks share under its former name is rotated for one of them, and the other keeps it", async () => {
    const one: AuditRef = { path: "audit/one.jsonl", project: "a-b", stack: "c" };
    const other: AuditRef = { path: "audit/other.jsonl", project: "a", stack: "b-c" };
    const shared = formerKeyFile(one);
    fs.mkdirSync(dirname(shared), { recursive: true });
    fs.writeFileSync(shared, "ab".repeat(32), { mode: 0o600 });
    for (const ref of [one, other]) await note("one", { ...ref, signingKey: `file:${shared}` });

    const rotation = await rotateKey(one);
    expect(rotation.file).toBe(defaultKeyFile(one));
    expect(rotation.backup).toBe(shared);
    for (const ref of [one, other]) {
        await note("two", ref);
        await verifyFile(ref.path, { mode: "full" });
    }
});
