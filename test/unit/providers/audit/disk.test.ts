import { execFileSync } from "node:child_process";
import fs from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { type Disk, openIfThere, realDisk, refuseIrregular } from "../../../../providers/audit/disk.js";
import { scratchProject } from "./scratch.js";

scratchProject();

it("opens a file that is there, and says when it is not", () => {
    fs.writeFileSync("log", "content");
    const file = openIfThere(realDisk, "log", fs.constants.O_RDONLY)!;
    expect(fs.readFileSync(file, "utf8")).toBe("content");
    fs.closeSync(file);
    expect(openIfThere(realDisk, "none", fs.constants.O_RDONLY)).toBeUndefined();
    expect(() => openIfThere(realDisk, "log/below", fs.constants.O_RDONLY)).toThrow("ENOTDIR");
});

it.each<[string, number, () => void]>([
    ["a folder", fs.constants.O_RDWR, () => fs.mkdirSync("odd")],
    ["a folder that is read", fs.constants.O_RDONLY, () => fs.mkdirSync("odd")],
    ["a pipe, which nobody waits for", fs.constants.O_RDONLY, () => execFileSync("mkfifo", ["odd"])],
    ["a pipe without a reader", fs.constants.O_WRONLY, () => execFileSync("mkfifo", ["odd"])],
])("refuses %s in a log's place", (_, flags, make) => {
    make();
    const open = (): unknown => openIfThere(realDisk, "odd", flags);
    expect(open).toThrow(AuditError);
    expect(open).toThrow(
        "odd: it is not a regular file: a log is never a folder, a pipe or a device; choose another file, or remove what is there",
    );
});

it("leaves no file open that it refuses", () => {
    const closed: number[] = [];
    const disk = {
        ...realDisk,
        openSync: () => 7,
        fstatSync: () => ({ isFile: () => false }),
        closeSync: (file: number) => void closed.push(file),
    };
    expect(() => openIfThere(disk as unknown as Disk, "odd", 0)).toThrow(AuditError);
    expect(closed).toEqual([7]);
    expect(() => refuseIrregular({ isFile: () => true }, "log")).not.toThrow();
});
