import { writeFileSync } from "node:fs";

import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { story } from "../story.js";
import { forgetSeeds, proofFiles } from "./proofFiles.js";
import { birch, BIRCH_KEY, offerOf, ORIGIN } from "./twoLogs.js";

const scratch = scratchFolder();
let alder: string;
beforeEach(() => ({ file: alder } = proofFiles(scratch, story())));
afterEach(forgetSeeds);

/** Alder's log, after it has recorded these. */
async function recorded(...offers: string[]): Promise<void> {
    for (const [index, offer] of offers.entries()) {
        const request = scratch.write(`offer${index}`, offer);
        const { code, stderr } = await run(
            ...["audit", "observe", alder, request, "--key", BIRCH_KEY, "--signing-key", "env:SEED"],
        );
        expect([code, stderr]).toEqual([0, ""]);
    }
}

const verify = (log: ReturnType<typeof birch>, ...more: string[]) =>
    run("audit", "verify", scratch.write("birch.jsonl", log.bytes), "--observed-by", alder, ...more);

test("a log that still begins with all that the other has recorded is said to be observed", async () => {
    await recorded(offerOf(birch(5)), offerOf(birch(9), 5));
    const { code, stdout } = await verify(birch(12));
    expect([code, stdout]).toEqual([0, expect.stringContaining(`\n  observed   by ${alder} at 9 records\n`)]);
    const json = await verify(birch(9), "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
        valid: true,
        observed: [{ file: alder, checkpoints: 2, size: 9 }],
    });
});

test.each([
    ["was rewritten by who has its key", 12, "other", "the log was changed"],
    ["was cut", 7, "entry", "and it has 7 records"],
])("a log that %s is not intact", async (_what, size, message, words) => {
    await recorded(offerOf(birch(9)));
    const { code, stdout, stderr } = await verify(birch(size, message));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`error: ${ORIGIN}: `);
    expect(stderr).toContain(
        words.startsWith("and")
            ? `it has 7 records, and ${alder} has recorded 9, signed by a key of this log: the log was truncated`
            : words,
    );
});

test("another log that has recorded nothing of this one, or is not intact, proves nothing", async () => {
    expect((await verify(birch(5))).stderr).toContain(`it has recorded no checkpoint of ${ORIGIN}; give the log`);
    const anew = birch(5);
    writeFileSync(alder, story().bytes.subarray(0, -40));
    expect((await verify(anew)).code).toBe(1);
    writeFileSync(alder, Buffer.from(story().bytes.toString("utf8").replace("alice", "malice")));
    const { code, stderr } = await verify(anew);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`of ${alder}`)]);
});
