import { readdirSync, statSync } from "node:fs";

import { lockFile } from "../../../../providers/audit/lock.js";
import { scratchProject } from "./scratch.js";

scratchProject();

test("one holder at a time; the next waits until it is released", async () => {
    const order: string[] = [];
    const release = await lockFile("x.lock", "log");
    const second = lockFile("x.lock", "log").then((releaseSecond) => {
        order.push("second");
        releaseSecond();
    });
    order.push("first");
    release();
    await second;
    expect(order).toEqual(["first", "second"]);
});

test("a process that waits too long is told which process holds it", async () => {
    const release = await lockFile("x.lock", "audit/dev.jsonl");
    await expect(lockFile("x.lock", "audit/dev.jsonl", 30)).rejects.toThrow(
        "audit/dev.jsonl: another writer has held its lock for more than 0.03 s; wait for the other update to end",
    );
    release();
    (await lockFile("x.lock", "audit/dev.jsonl", 0))();
});

test("it leaves one empty private file, and prints nothing on stderr", async () => {
    const warnings = jest.spyOn(process, "emitWarning").mockImplementation();
    (await lockFile("x.lock", "log"))();
    expect(readdirSync(".").filter((name) => name.startsWith("x"))).toEqual(["x.lock"]);
    const { mode, size } = statSync("x.lock");
    expect([(mode & 0o777).toString(8), size]).toEqual(["600", 0]);
    expect(warnings).not.toHaveBeenCalled();
});

test("a folder that is not there is said", async () => {
    await expect(lockFile("missing/x.lock", "log")).rejects.toThrow(/^log: its lock cannot be opened: ENOENT/);
});
