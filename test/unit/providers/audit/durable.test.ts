import fs from "node:fs";

import { type Disk, realDisk } from "../../../../providers/audit/disk.js";
import { keepAside, replaceFile, stampOf, writeAll } from "../../../../providers/audit/durable.js";
import { scratchProject } from "./scratch.js";

scratchProject();

it("short writes are gone on with until all is written", () => {
    const disk: Disk = {
        ...realDisk,
        writeSync: ((file: number, bytes: Uint8Array, offset: number, length: number) =>
            fs.writeSync(file, bytes, offset, Math.min(3, length))) as Disk["writeSync"],
    };
    const file = fs.openSync("short", "w");
    writeAll(file, Buffer.from("0123456789"), disk);
    fs.closeSync(file);
    expect(fs.readFileSync("short", "utf8")).toBe("0123456789");
});

it("what is kept aside never takes another's place", () => {
    const names = ["one", "two", "three"].map((text) => keepAside("dev.jsonl", Buffer.from(text)));
    expect(names).toEqual([1, 2, 3].map((number) => `dev.jsonl.torn-${number}`));
    expect(names.map((name) => fs.readFileSync(name, "utf8"))).toEqual(["one", "two", "three"]);
    expect(fs.statSync("dev.jsonl.torn-1").mode & 0o777).toBe(0o600);
});

it("a file is replaced as a whole or not at all", () => {
    fs.writeFileSync("note", "old");
    const failing: Disk = {
        ...realDisk,
        fsyncSync: () => {
            throw new Error("full");
        },
    };
    expect(() => replaceFile("note", [Buffer.from("new")], failing)).toThrow("full");
    expect(fs.readFileSync("note", "utf8")).toBe("old");
    replaceFile("note", [Buffer.from("ne"), Buffer.from("w")]);
    expect(fs.readFileSync("note", "utf8")).toBe("new");
});

it("a file's stamp changes when it is written to, and when another is put in its place", () => {
    const stamp = (): string => {
        const file = fs.openSync("dev.jsonl", "r");
        try {
            return stampOf(file);
        } finally {
            fs.closeSync(file);
        }
    };
    fs.writeFileSync("dev.jsonl", "a");
    const first = stamp();
    expect(stamp()).toBe(first);
    fs.appendFileSync("dev.jsonl", "b");
    const second = stamp();
    fs.writeFileSync("other", "ab");
    fs.renameSync("other", "dev.jsonl");
    expect(new Set([first, second, stamp()]).size).toBe(3);
});
