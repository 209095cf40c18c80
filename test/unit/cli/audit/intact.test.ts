import { Writable } from "node:stream";

import { genesisOf, type Intact, report, withIntact } from "../../../../cli/audit/intact.js";
import { AuditError } from "../../../../core/errors.js";
import { entry, makeRotatedLog, OTHER_SEED, SEED } from "../../core/audit/logs.js";
import { story } from "../story.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();

function output(): { stdout: Writable; stderr: Writable; said: string[] } {
    const said: string[] = [];
    const stream = (): Writable =>
        new Writable({
            write(chunk, _encoding, done) {
                said.push(String(chunk));
                done();
            },
        });
    return { stdout: stream(), stderr: stream(), said };
}

it("a log that is intact is used, record by record as it was sealed", async () => {
    const { bytes, texts, log } = story();
    const file = scratch.write("dev.jsonl", bytes);
    const used = jest.fn((intact: Intact) => {
        const records = [...intact.records()];
        expect(records.map((record) => record.bytes.toString())).toEqual(texts);
        expect(records[0]?.sealedAs).toMatchObject({ publicKey: log.publicKey, genesis: null });
        expect(records[1]?.sealedAs).toMatchObject({ genesis: log.genesis });
        return 7;
    });
    expect(await withIntact(file, {}, output(), used)).toBe(7);
    expect(used).toHaveBeenCalledTimes(1);
});

it("each record of a rotated log has the key of its place", async () => {
    const { bytes } = makeRotatedLog([
        { seed: SEED, entries: [entry(1)] },
        { seed: OTHER_SEED, entries: [entry(2)] },
    ]);
    const keys = new Set<string>();
    await withIntact(scratch.write("dev.jsonl", bytes), {}, output(), ({ records }) => {
        for (const { sealedAs } of records()) keys.add(sealedAs.publicKey);
        return 0;
    });
    expect(keys.size).toBeGreaterThan(1);
});

it("a log that is not intact is not used: the reason is printed, and the exit code shows it", async () => {
    const spoilt = story().bytes.toString().replace("Added peer alice", "Added peer malic");
    const file = scratch.write("dev.jsonl", spoilt);
    const use = jest.fn();
    const [plain, json] = [output(), output()];
    expect(await withIntact(file, {}, plain, use)).toBe(1);
    expect(plain.said.join("")).toMatch(new RegExp(`^error: line 3 of ${file}: `));
    expect(await withIntact(file, { json: true }, json, use)).toBe(1);
    expect(JSON.parse(json.said.join(""))).toMatchObject({
        valid: false,
        file,
        error: { subject: `line 3 of ${file}` },
    });
    expect(use).not.toHaveBeenCalled();
});

it("wrong usage, a missing file and a fault of the command are thrown", async () => {
    const file = scratch.write("dev.jsonl", story().bytes);
    await expect(withIntact(file, { key: "ab" }, output(), () => 0)).rejects.toThrow(
        "--key: it is not an Ed25519 public key",
    );
    await expect(withIntact("none.jsonl", {}, output(), () => 0)).rejects.toMatchObject({
        code: "ENOENT",
        path: "none.jsonl",
    });
    const broken = (): never => {
        throw new TypeError("a fault of ours");
    };
    await expect(withIntact(file, {}, output(), broken)).rejects.toThrow("a fault of ours");
});

it("an interrupted last line is left alone", async () => {
    const file = scratch.write("dev.jsonl", Buffer.concat([story().bytes, Buffer.from('{"torn')]));
    expect(await withIntact(file, {}, output(), ({ verdict }) => verdict.size)).toBe(story().texts.length);
});

it("a log is known by its first record, where that is one", () => {
    const { bytes, log } = story();
    expect(genesisOf(bytes, "x")).toBe(log.genesis);
    for (const text of ["", "no newline", "no record\n"]) expect(genesisOf(Buffer.from(text), "x")).toBeUndefined();
});

it("reports in JSON what is wrong, where and what to do", () => {
    const to = output();
    report(new AuditError("line 3", "it was changed", "restore it"), "dev.jsonl", { json: true }, to);
    expect(JSON.parse(to.said.join(""))).toEqual({
        ...{ valid: false, file: "dev.jsonl" },
        error: { subject: "line 3", problem: "it was changed", fix: "restore it" },
    });
});
