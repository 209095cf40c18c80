import fs from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { ActiveFile, type Cut } from "../../../../providers/audit/activeFile.js";
import { type Disk, realDisk } from "../../../../providers/audit/disk.js";
import { scratchProject } from "./scratch.js";

scratchProject();
const PATH = "dev.jsonl";
const open = (known?: Cut, beforeFirst = (): void => undefined, disk: Disk = realDisk): ActiveFile =>
    ActiveFile.open({ path: PATH, name: "the log", disk }, known, beforeFirst);
const text = (name = PATH): string => fs.readFileSync(name, "utf8");
const append = (file: ActiveFile, line: string): void => {
    file.append(Buffer.from(line), file.begin + file.size + line.length);
};

it("is made for its owner alone, after what goes before the first file of a log", () => {
    const before = jest.fn(() => expect(fs.existsSync(PATH)).toBe(false));
    open(undefined, before).close();
    open(undefined, before).close();
    expect(before).toHaveBeenCalledTimes(1);
    expect(fs.statSync(PATH).mode & 0o777).toBe(0o600);
    fs.rmSync(PATH);
    const refusing = (): never => {
        throw new Error("the log was lost");
    };
    expect(() => open(undefined, refusing)).toThrow("the log was lost");
    expect(fs.existsSync(PATH)).toBe(false);
});

it("is only ever added to, and notices when another program does", () => {
    const file = open();
    append(file, "one\n");
    append(file, "two\n");
    expect([text(), file.size, file.begin]).toEqual(["one\ntwo\n", 8, 0]);
    fs.appendFileSync(PATH, "a stranger's\n");
    expect(() => file.append(Buffer.from("three\n"), 14)).toThrow(
        "the log: it has 27 bytes after a write that should have made it 14: another program writes to it; find the other writer, then verify the log with qp-tunnel audit verify",
    );
    file.close();
});

it("an interrupted write is kept beside the log and cut off", () => {
    const file = open();
    append(file, "one\n");
    fs.appendFileSync(PATH, '{"torn');
    const { bytes, side } = file.cutOff(4, 6);
    expect([bytes.toString(), text(side), text()]).toEqual(['{"torn', '{"torn', "one\n"]);
    append(file, "two\n");
    expect(text()).toBe("one\ntwo\n");
    file.close();
});

it("a closed segment keeps its bytes under its number, and the next file goes on behind it", () => {
    const file = open();
    append(file, "one\n");
    expect(file.closeSegment(4)).toBe("dev.jsonl.0001");
    expect([file.begin, file.size]).toEqual([4, 0]);
    append(file, "two\n");
    expect(file.closeSegment(8)).toBe("dev.jsonl.0002");
    expect([text("dev.jsonl.0001"), text("dev.jsonl.0002"), text()]).toEqual(["one\n", "two\n", ""]);
    file.close();
    // Who opens it anew finds the same, by reading or by what was known.
    const again = open();
    expect([again.begin, again.cut]).toEqual([
        8,
        file === again ? undefined : { base: 8, closed: 2, stamp: again.stamp },
    ]);
    const { cut } = again;
    again.close();
    const known = open({ ...cut, base: 100 });
    expect(known.begin).toBe(100);
    known.close();
    fs.appendFileSync(PATH, "x");
    const changed = open({ ...cut, base: 100 });
    expect(changed.begin).toBe(8);
    changed.close();
});

it("a file with two names is refused, and left closed", () => {
    open().close();
    fs.linkSync(PATH, "second");
    const closed: number[] = [];
    const disk = { ...realDisk, closeSync: (file: number) => void (closed.push(file), fs.closeSync(file)) };
    const refused = (): ActiveFile => open(undefined, undefined, disk);
    expect(refused).toThrow(AuditError);
    expect(refused).toThrow(
        "the log: the file has 2 names (hard links), and there is no lock for the others; keep one of them: find the others with `find FOLDER -samefile dev.jsonl`",
    );
    expect(closed).toHaveLength(2);
});
