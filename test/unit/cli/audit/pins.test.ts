import { readCheckpoint, readPins } from "../../../../cli/audit/pins.js";
import { AuditError, InvalidArgument } from "../../../../core/errors.js";
import { exported, story } from "../story.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder();
const { checkpoint, marks, log } = story();

describe("a checkpoint", () => {
    it("is JSON, a file with it, or a file with its signed note", () => {
        const { size, root } = checkpoint;
        const json = JSON.stringify(checkpoint);
        expect(readCheckpoint(json)).toEqual(checkpoint);
        expect(readCheckpoint(scratch.write("checkpoint.json", json))).toEqual(checkpoint);
        const note = scratch.write("checkpoint.note", checkpoint.note);
        expect(readCheckpoint(note)).toEqual({ size, root, note: checkpoint.note });
    });

    it.each<[string, RegExp]>([
        ["none.json", /^--checkpoint none\.json: there is no such file; name a file, or give the checkpoint as JSON$/],
        ["{", /^--checkpoint: it: .*; give an unmodified checkpoint$/],
        [JSON.stringify({ ...checkpoint, size: 0 }), /^--checkpoint: size: /],
        [JSON.stringify({ ...checkpoint, head: "short" }), /^--checkpoint: head: /],
    ])("%s is refused", (given, message) => {
        expect(() => readCheckpoint(given)).toThrow(InvalidArgument);
        expect(() => readCheckpoint(given)).toThrow(message);
    });

    it("in a file that is no note is refused with the note's own fault", () => {
        const file = scratch.write("x.note", "nothing\n");
        expect(() => readCheckpoint(file)).toThrow(/^--checkpoint .*x\.note: it is not a signed note: /);
    });
});

describe("everything that pins a log", () => {
    it("is what the options and the state say, of this log alone", () => {
        const other = { ...checkpoint, genesis: "0".repeat(64) };
        const state = scratch.write("state.json", exported(marks, [checkpoint, other]));
        const options = { state, checkpoint: JSON.stringify(checkpoint), key: log.publicKey, genesis: log.genesis };
        const pins = readPins(options, "dev.jsonl", log.genesis);
        expect(pins.checkpoints).toHaveLength(2);
        expect(pins).toMatchObject({ elsewhere: 1, expect: { publicKey: log.publicKey, genesis: log.genesis } });
        // Of a log whose first line is not valid all are used.
        expect(readPins(options, "dev.jsonl", undefined)).toMatchObject({ elsewhere: 0 });
    });

    it("is nothing where nothing is given", () => {
        expect(readPins({}, "dev.jsonl", log.genesis)).toEqual({
            checkpoints: [],
            marks: [],
            expect: {},
            elsewhere: 0,
        });
    });

    it("of another log alone is refused: somebody put a different log there", () => {
        const state = scratch.write("state.json", exported([], [checkpoint]));
        const read = (): unknown => readPins({ state }, "dev.jsonl", "0".repeat(64));
        expect(read).toThrow(AuditError);
        expect(read).toThrow(
            `line 1 of dev.jsonl: it belongs to a different log: the state pins ${checkpoint.genesis}`,
        );
    });

    it.each([
        [{ key: "ab" }, "--key: it is not an Ed25519 public key; give 64 lowercase hex characters"],
        [{ key: "AB".repeat(32) }, "--key: it is not an Ed25519 public key"],
        [{ genesis: "x" }, "--genesis: it is not the hash of a log's first record; give 64 lowercase hex characters"],
    ])("with %j is wrong usage", (options, message) => {
        expect(() => readPins(options, "dev.jsonl", undefined)).toThrow(message);
    });

    it("needs a state that pins a log", () => {
        const state = scratch.write("state.json", exported([], []));
        expect(() => readPins({ state }, "dev.jsonl", undefined)).toThrow(
            `--state ${state}: it does not pin a log; export the stack that writes this log: pulumi stack export --file state.json`,
        );
    });
});
