import { refuseContradiction } from "../../../../core/audit/growth.js";
import { parseNote } from "../../../../core/audit/note.js";
import { consistencyProof, leafHash } from "../../../../core/audit/proof.js";
import { nativePrimitives as primitives } from "../../../../providers/audit/primitives.js";
import { entry, makeLog } from "./logs.js";

const grown = (size: number, message = "entry") =>
    makeLog(Array.from({ length: size - 1 }, (_, n) => entry(n + 1, { message: `${message} ${n}` })));
const whole = grown(9);
const leaves = whole.texts.map((text) => leafHash(Buffer.from(text.slice(0, -1)), primitives));
const onlooker = { has: "we have seen", howToProve: (size: number) => `prove it since ${size}` };

function outcome(
    log: ReturnType<typeof grown>,
    seen: { size: number; root: string },
    old = 0,
    path: Uint8Array[] = [],
) {
    try {
        refuseContradiction({ parsed: parseNote(log.checkpoint.note), old, path }, seen, onlooker, primitives);
        return "accepted";
    } catch (error) {
        return (error as Error).message.replace(/^checkpoint of \S+: /, "");
    }
}

test("a log that is as it was, or has grown with a proof, is accepted", () => {
    expect(outcome(whole, whole.checkpoint)).toBe("accepted");
    for (let size = 1; size < 9; size++) {
        const path = consistencyProof(leaves, size, primitives);
        expect(outcome(whole, grown(size).checkpoint, size, path)).toBe("accepted");
    }
});

test("another history is refused, whatever proof comes with it", () => {
    const other = grown(9, "other");
    expect(outcome(other, whole.checkpoint)).toBe(
        "it is a different history: we have seen another root for 9 records; keep both notes, and find out who changed the log",
    );
    const path = consistencyProof(leaves, 5, primitives);
    expect(outcome(other, grown(5).checkpoint, 5, path)).toBe(
        "it is a different history: its log does not extend the 5 records that we have seen; keep both notes, and find out who changed the log",
    );
});

test("a shorter log is refused, and a longer one without a proof from what was seen", () => {
    expect(outcome(grown(5), whole.checkpoint)).toBe(
        "it has 5 records, we have seen 9: the log was truncated, or is an older copy; keep both notes, and find out who changed the log",
    );
    const path = consistencyProof(leaves, 4, primitives);
    expect(outcome(whole, grown(5).checkpoint, 4, path)).toBe(
        "there is no proof that it extends the 5 records that we have seen; prove it since 5",
    );
});
