import { readFileSync } from "node:fs";
import { join } from "node:path";

import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const file = (): string => join(scratch.path, "dev.jsonl");

test("audit push brings a mirror up to the log, and refuses one that holds something else", async () => {
    scratch.write("dev.jsonl", log.texts.slice(0, 9).join(""));
    const mirror = join(scratch.path, "mirror");
    const push = () => run("audit", "push", file(), "--to", mirror);
    expect((await push()).code).toBe(0);
    scratch.write("dev.jsonl", log.bytes);
    const more = log.bytes.length - readFileSync(mirror).length;
    expect(await push()).toEqual({
        code: 0,
        stdout: `${mirror}: ${more} bytes added; 14 records, head ${log.checkpoint.head.slice(0, 16)}\n`,
        stderr: "",
    });
    expect(readFileSync(mirror)).toEqual(log.bytes);
    scratch.write("dev.jsonl", log.texts.slice(0, 9).join(""));
    const { code, stderr } = await push();
    expect([code, stderr]).toEqual([1, expect.stringContaining("the log was truncated, or is an older copy")]);
    expect(readFileSync(mirror)).toEqual(log.bytes);
});
