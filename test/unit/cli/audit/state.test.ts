import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { exported, story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const MARKS = [log.marks[3]!, log.marks[9]!];

describe("audit verify --state", () => {
    test("compares every relay's checkpoint and every resource's record", async () => {
        const earlier = { ...log.checkpoint };
        const state = scratch.write("state.json", exported(MARKS, [earlier, log.checkpoint]));
        const { code, stdout } = await run("audit", "verify", scratch.write("dev.jsonl", log.bytes), "--state", state);
        expect([code, stdout]).toEqual([
            0,
            expect.stringContaining("and what the state pins: 2 checkpoints, 2 records\n"),
        ]);
    });

    test("finds a record that was replaced, though no checkpoint is there", async () => {
        const state = scratch.write("state.json", exported([{ ...MARKS[0]!, hash: "00".repeat(32) }], []));
        const file = scratch.write("dev.jsonl", log.bytes);
        const { code, stderr } = await run("audit", "verify", file, "--state", state);
        expect([code, stderr]).toEqual([1, expect.stringContaining(`line 4 of ${file}: it was replaced`)]);
    });

    test("refuses another log, and leaves alone what a second sink pins", async () => {
        const [mark] = MARKS;
        const foreign = { ...mark!, genesis: "00".repeat(32) };
        const file = scratch.write("dev.jsonl", log.bytes);
        const other = await run("audit", "verify", file, "--state", scratch.write("a.json", exported([foreign], [])));
        expect([other.code, other.stderr]).toEqual([
            1,
            expect.stringContaining(
                `line 1 of ${file}: it belongs to a different log: the state pins ${foreign.genesis}`,
            ),
        ]);
        const both = await run(
            "audit",
            "verify",
            file,
            "--state",
            scratch.write("b.json", exported([foreign, mark!], [])),
        );
        expect([both.code, both.stdout]).toEqual([
            0,
            expect.stringContaining("note: the state also pins 1 records in other logs\n"),
        ]);
    });

    test.each([
        ["hello", "it is not JSON"],
        ["{}", "it is not an exported stack"],
        ['{"deployment":{"resources":[]}}', "it does not pin a log"],
        [exported([{ sequence: 1, hash: "x", offset: 0 }], []), "the record of urn:pulumi:dev::shop::"],
    ])("%.20s is no state", async (text, message) => {
        const state = scratch.write("state.json", text);
        const { code, stderr } = await run("audit", "verify", scratch.write("dev.jsonl", log.bytes), "--state", state);
        expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    });
});
