import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { makeLog, OTHER_SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { exported, story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const file = (): string => join(scratch.path, "dev.jsonl");

describe("audit pull", () => {
    const pull = (...more: string[]) => run("audit", "pull", file(), "--from", join(scratch.path, "mirror"), ...more);

    test("restores a log where none is, and one that is behind", async () => {
        scratch.write("mirror", Buffer.concat([log.bytes, Buffer.from('{"torn')]));
        expect(await pull("--state", scratch.write("state.json", exported([], [log.checkpoint])))).toEqual({
            code: 0,
            stdout: `${file()}: ${log.bytes.length} bytes restored; 14 records, head ${log.checkpoint.head.slice(0, 16)}\n`,
            stderr: "",
        });
        expect(readFileSync(file())).toEqual(log.bytes);
        scratch.write("dev.jsonl", log.bytes.subarray(0, 5_000));
        expect(JSON.parse((await pull("--json")).stdout)).toMatchObject({
            valid: true,
            added: log.bytes.length - 5_000,
        });
        expect(readFileSync(file())).toEqual(log.bytes);
        expect(JSON.parse((await pull("--json")).stdout)).toMatchObject({ valid: true, added: 0 });
    });

    test.each<[string, () => Buffer, string]>([
        [
            "a mirror that was changed",
            () => Buffer.from(String(log.bytes).replace("Adding dave", "Adding anna")),
            "line 8 of the mirror of",
        ],
        [
            "a mirror that was cut before what the state pins",
            () => Buffer.from(log.texts.slice(0, 5).join("")),
            "line 6 of the mirror of",
        ],
        ["a mirror of another log", () => makeLog([], { seed: OTHER_SEED }).bytes, "it belongs to a different log"],
        ["an empty mirror", () => Buffer.alloc(0), "it is missing: the log is empty"],
    ])("%s restores nothing", async (_what, bytes, message) => {
        scratch.write("mirror", bytes());
        const state = scratch.write("state.json", exported([], [log.checkpoint]));
        const { code, stdout, stderr } = await pull("--state", state);
        expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(message)]);
        expect(existsSync(file())).toBe(false);
    });

    test("never overwrites a log that says something else, or more", async () => {
        scratch.write("mirror", log.bytes);
        const fork = makeLog(log.lines.slice(1, 5).map(({ capsule: _, ...each }) => ({ ...each, user: "eve" })));
        scratch.write("dev.jsonl", fork.bytes);
        const { code, stderr } = await pull();
        expect([code, stderr]).toEqual([1, expect.stringContaining("it is not the beginning of its mirror")]);
        expect(readFileSync(file())).toEqual(fork.bytes);
        scratch.write("mirror", log.texts.slice(0, 3).join(""));
        scratch.write("dev.jsonl", log.bytes);
        expect(JSON.parse((await pull("--json")).stdout)).toMatchObject({ added: 0 });
        expect(readFileSync(file())).toEqual(log.bytes);
    });
});
