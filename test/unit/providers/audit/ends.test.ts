import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, readFileSync, statSync } from "node:fs";

import { AuditError } from "../../../../core/errors.js";
import { checkSealed, lineNumber, readEnds, type Ends } from "../../../../providers/audit/ends.js";
import { openLog } from "../../../../providers/audit/segments.js";
import { lines, open, path, rewrite, texts, written } from "./oneLog.js";
import { scratchProject } from "./scratch.js";

scratchProject();

function ends(known?: Ends): Ends | undefined {
    const log = openLog(path, path)!;
    try {
        return readEnds(log, path, {}, known);
    } finally {
        log.close();
    }
}

it("say where a log ends, what its first record is called, and which key is in force", async () => {
    await written(2);
    const all = lines();
    const { log, keys, last, lastOffset, bytes, torn } = ends()!;
    expect(log.genesis).toBe(all[0]!.capsule.hash);
    expect(keys).toMatchObject([{ from: 0, publicKey: log.publicKey, since: all[0]!.timestamp }]);
    expect(last.message).toBe("Added p2");
    expect(readFileSync(path).subarray(lastOffset).toString()).toBe(`${texts().at(-1)}\n`);
    expect([bytes, torn]).toEqual([statSync(path).size, 0]);
});

it("count what an interrupted write left behind them, and are none of a log without a whole line", async () => {
    await written(1);
    appendFileSync(path, '{"torn');
    expect(ends()).toMatchObject({ bytes: statSync(path).size - 6, torn: 6 });
    rewrite(() => []);
    expect(ends()).toBeUndefined();
    appendFileSync(path, "x".repeat(100));
    expect(ends()).toBeUndefined();
});

it.each<[string, (all: string[]) => string[], RegExp]>([
    [
        "the first line",
        ([first = "", ...more]) => [first.replace("dev", "dex"), ...more],
        /^line 1 of audit\/dev\.jsonl: /,
    ],
    [
        "the last line",
        (all) => [...all.slice(0, -1), all.at(-1)!.replace("Added", "Addex")],
        /^line 3 of audit\/dev\.jsonl: /,
    ],
])("a change of %s is found by its number", async (_, change, message) => {
    await written(2);
    rewrite(change);
    expect(ends).toThrow(AuditError);
    expect(ends).toThrow(message);
});

it("do not look at what is between: that is for a verification", async () => {
    await written(3);
    rewrite((all) => all.map((text) => text.replace("Added p2", "Addex p2")));
    expect(ends()?.last.message).toBe("Added p3");
});

it("know the keys of a log that was rotated, and what is found behind known ends", async () => {
    const { log } = await written(1);
    const before = ends()!;
    const { privateKey } = generateKeyPairSync("ed25519");
    process.env["NEXT"] = privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32).toString("hex");
    const next = await (
        await open({ path: "audit/other.jsonl", signingKey: "env:NEXT" })
    )
        .append({ action: "log_note", message: "x" })
        .then(() => open({ path: "audit/other.jsonl", signingKey: "env:NEXT" }).then((other) => other.signingKey()));
    await log.rotateKey(next);
    const after = ends()!;
    expect(after.log.publicKey).toBe(next.publicKey);
    expect(after.keys.map(({ publicKey }) => publicKey)).toEqual([before.log.publicKey, next.publicKey]);
    expect(ends(before)).toEqual(after);
    // Known ends of a log that is another one by now are not believed.
    expect(ends({ ...before, log: { ...before.log, genesis: "0".repeat(64) } })).toEqual(after);
    // Each line is checked with the key of its place.
    const raw = texts().map((text) => Buffer.from(`${text}\n`));
    expect(checkSealed(raw[1]!, path, 2, after).message).toBe("Added p1");
    expect(() => checkSealed(raw[1]!, path, 2, { ...after, keys: [{ ...after.keys[1]!, from: 0 }] })).toThrow(
        AuditError,
    );
});

it("a line says itself which one it is", async () => {
    await written(2);
    expect(texts().map((text) => lineNumber(Buffer.from(`${text}\n`)))).toEqual([1, 2, 3]);
    expect(lineNumber(Buffer.from("{}\n"))).toBeNaN();
});
