import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { realFile } from "../../../../providers/audit/realFile.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();

it("is one path, whatever links lead to it, also before the file and its folders are there", () => {
    const folder = realpathSync(scratch.folder);
    mkdirSync("audit");
    writeFileSync("audit/dev.jsonl", "");
    symlinkSync("audit", "link");
    symlinkSync("audit/dev.jsonl", "file");
    const here = join(folder, "audit/dev.jsonl");
    expect(
        ["audit/dev.jsonl", "link/dev.jsonl", "file", "./audit/../file"].map((path) => realFile(path, "log")),
    ).toEqual(Array(4).fill(here));
    expect(realFile("link/new/deep.jsonl", "log")).toBe(join(folder, "audit/new/deep.jsonl"));
});

it("refuses links that lead nowhere or to themselves", () => {
    symlinkSync("gone", "dangling");
    symlinkSync("loop", "loop");
    expect(() => realFile("dangling", "log")).toThrow(/^log: .*dangling is a broken symbolic link/);
    expect(() => realFile("loop", "log")).toThrow("log: it is a symbolic link to itself");
});
