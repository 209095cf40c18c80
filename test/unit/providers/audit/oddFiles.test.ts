import { execFileSync } from "node:child_process";
import fs from "node:fs";

import { AuditLog, type AuditRef } from "../../../../providers/audit/log.js";
import { verifyFile } from "../../../../providers/audit/verifyFile.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const path = "audit/dev.jsonl";
const REF: AuditRef = { path, project: "shop", stack: "dev" };
const note = async (ref: AuditRef = REF): Promise<unknown> =>
    (await AuditLog.open(ref)).append({ action: "log_note", message: "x" });

test.each<[string, () => void, string]>([
    [
        "a pipe",
        () => execFileSync("mkfifo", [path]),
        "it is not a regular file: a log is never a folder, a pipe or a device",
    ],
    ["a folder", () => fs.mkdirSync(path), "it is not a regular file: a log is never a folder, a pipe or a device"],
    [
        "a link to nothing",
        () => fs.symlinkSync("nothing", path),
        "is a broken symbolic link; create its target, or remove the link",
    ],
    ["a link to itself", () => fs.symlinkSync("dev.jsonl", path), "it is a symbolic link to itself"],
])("%s in a log's place is refused in plain words, by who writes and who reads", async (_what, make, message) => {
    fs.mkdirSync("audit");
    make();
    await expect(note()).rejects.toThrow(message);
    await expect(verifyFile(path, {})).rejects.toThrow(message);
});

test.each<[string, () => void]>([
    ["garbage", () => fs.writeFileSync(`${path}.lock`, "garbage")],
    ["a folder", () => fs.mkdirSync(`${path}.lock`)],
    ["a pipe", () => execFileSync("mkfifo", [`${path}.lock`])],
])("%s in the lock's place is named", async (_what, make) => {
    fs.mkdirSync("audit");
    make();
    await expect(note()).rejects.toThrow(
        `${path}: its lock ${fs.realpathSync(scratch.folder)}/${path}.lock must be an empty file; remove it while no update is running`,
    );
});

test("symbolic links are names of one log: one lock, one order, segments beside the file itself", async () => {
    fs.mkdirSync("store");
    fs.symlinkSync("store", "audit");
    fs.symlinkSync("store/dev.jsonl", "link.jsonl");
    await note({ ...REF, path: "audit/dev.jsonl" });
    const names = ["audit/dev.jsonl", "store/dev.jsonl", "link.jsonl"];
    for (let turn = 0; turn < 3; turn++)
        await Promise.all(names.map((name) => note({ ...REF, path: name, segmentBytes: 2_000 })));
    expect(fs.readdirSync("store").filter((name) => name.endsWith(".lock"))).toEqual(["dev.jsonl.lock"]);
    expect(fs.readdirSync("store").length).toBeGreaterThan(3);
    const sizes = await Promise.all(names.map(async (name) => (await verifyFile(name, { mode: "full" })).size));
    expect(new Set(sizes).size).toBe(1);
    expect(fs.lstatSync("link.jsonl").isSymbolicLink()).toBe(true);
});

test("a file with a second name is not written: writers under the other would not be waited for", async () => {
    await note();
    fs.linkSync(path, "other.jsonl");
    await expect(note()).rejects.toThrow(
        `${path}: the file has 2 names (hard links), and there is no lock for the others; keep one of them`,
    );
    expect((await verifyFile("other.jsonl", { mode: "full" })).size).toBe(2);
    fs.rmSync("other.jsonl");
    await note();
});
