import type { Checkpoint } from "../../../../core/audit/record.js";
import { entry, makeLog } from "./logs.js";
import { failure } from "./verified.js";

const entries = [1, 2, 3, 4].map((number) => entry(number));
const good = makeLog(entries);

describe("a checkpoint", () => {
    test.each<[string, Partial<Checkpoint>, string]>([
        ["other bytes", { bytes: 1 }, "line 5 of log: the first 5 lines differ in length from the pinned ones"],
        ["another root", { root: good.checkpoint.head }, "checkpoint: its note has a different size or root"],
        ["a note that is none", { note: "x" }, "checkpoint note: it has no signatures after an empty line"],
        [
            "another log's name",
            { genesis: "00".repeat(32) },
            "line 1 of log: it belongs to a different log: the pinned one is 0000",
        ],
    ])("with %s is refused", async (_what, change, message) => {
        expect((await failure(good.bytes, { checkpoint: { ...good.checkpoint, ...change } })).message).toContain(
            message,
        );
    });

    test("names lines when the log's own key rewrote them", async () => {
        // The same content under another root can only be another signature, and Ed25519 has one per key and content.
        const { size, root } = { size: 5, root: "A".repeat(43) + "=" };
        expect((await failure(good.bytes, { checkpoint: { size, root } })).message).toContain(
            "line 5 of log: lines 1 to 5 are not the pinned ones",
        );
    });
});
