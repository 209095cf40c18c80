import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { entry, makeLog, OTHER_SEED } from "../../core/audit/logs.js";
import { run } from "../run.js";

const good = makeLog([1, 2, 3].map((number) => entry(number)));

let folder: string;
let file: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qptunnel-cli-"));
    file = join(folder, "dev.jsonl");
    writeFileSync(file, good.bytes);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("audit verify refuses a changed signature of any line; --fast looks at the first and the last", async () => {
    const many = makeLog(Array.from({ length: 12 }, (_, n) => entry(n + 1)));
    const other = makeLog([entry(1)], { seed: OTHER_SEED }).lines[1]!.capsule.signature;
    for (const [index, { capsule }] of many.lines.entries()) {
        const changed = many.texts.map((text, at) => (at === index ? text.replace(capsule.signature, other) : text));
        writeFileSync(file, Buffer.from(changed.join("")));
        const { code, stderr } = await run("audit", "verify", file);
        expect([code, stderr]).toEqual([
            1,
            expect.stringContaining(`line ${index + 1} of ${file}: its signature is not`),
        ]);
        const middle = index > 0 && index < 12;
        expect((await run("audit", "verify", file, "--fast")).code).toBe(middle ? 0 : 1);
    }
});

test("a torn end is called what it is, and what repairs it", async () => {
    writeFileSync(file, Buffer.concat([good.bytes, good.bytes.subarray(0, 17)]));
    expect((await run("audit", "verify", file)).stderr).toBe(
        `error: line 5 of ${file}: its 17 bytes do not end with a newline: a write was interrupted, or the file was cut; run \`pulumi up\`: it moves them aside, records that and continues the log; if no write was interrupted, restore the log from version control or its mirror\n`,
    );
});
