import { noblePrimitives } from "../../../../core/audit/noble.js";
import {
    cosign,
    formatNote,
    noteOrigin,
    parseNote,
    verifyCosignature,
    verifyNote,
} from "../../../../core/audit/note.js";
import { nativeSigner } from "../../../../providers/audit/primitives.js";
import { makeLog, OTHER_SEED, SEED } from "./logs.js";

const { log, checkpoint } = makeLog([]);
const signer = nativeSigner(SEED);
const { note } = checkpoint;
const origin = `qp-tunnel/shop/dev/${log.genesis.slice(0, 16)}`;

test("a checkpoint is three lines and a signature", () => {
    const [text, signatures] = note.split("\n\n");
    expect(text).toBe(`${origin}\n1\n${checkpoint.root}`);
    expect(signatures).toMatch(new RegExp(`^— ${origin} [A-Za-z0-9+/]{91}=\n$`));
    expect(noteOrigin(log)).toBe(origin);
});

test("what is parsed is what was signed", () => {
    const parsed = parseNote(note);
    expect(parsed).toMatchObject({
        origin,
        size: 1,
        root: checkpoint.root,
        text: `${origin}\n1\n${checkpoint.root}\n`,
    });
    expect(() => verifyNote(parsed, log, noblePrimitives)).not.toThrow();
});

test("a witness's signature beside the log's does no harm", () => {
    const witnessed = `${note}— witness.example/key ${Buffer.alloc(76, 1).toString("base64")}\n`;
    expect(parseNote(witnessed).signatures).toHaveLength(2);
    expect(() => verifyNote(parseNote(witnessed), log, noblePrimitives)).not.toThrow();
});

test("a witness's cosignature says when, and is checked", () => {
    const witness = nativeSigner(OTHER_SEED);
    const name = "witness.example/shop";
    const known = { name, publicKey: witness.publicKey };
    const line = cosign(parseNote(note), name, 1_775_311_230, witness, noblePrimitives);
    // Key id, time and signature: 4 + 8 + 64 bytes.
    expect(line).toMatch(/^— witness\.example\/shop [A-Za-z0-9+/]{102}==\n$/);
    const witnessed = parseNote(note + line);
    verifyNote(witnessed, log, noblePrimitives);
    expect(verifyCosignature(witnessed, known, noblePrimitives)).toBe(1_775_311_230);
    expect(verifyCosignature(parseNote(note), known, noblePrimitives)).toBeUndefined();
    expect(verifyCosignature(witnessed, { ...known, name: "other.example" }, noblePrimitives)).toBeUndefined();
    const later = Buffer.from(line.split(" ")[2]!, "base64");
    later.writeUInt8(later.readUInt8(11) ^ 1, 11);
    const backdated = parseNote(`${note}— ${name} ${later.toString("base64")}\n`);
    expect(() => verifyCosignature(backdated, known, noblePrimitives)).toThrow(
        "checkpoint note: the cosignature of witness.example/shop is wrong",
    );
    const moved = parseNote(note.replace("\n1\n", "\n2\n") + line);
    expect(() => verifyCosignature(moved, known, noblePrimitives)).toThrow("is wrong");
});

test("every changed character is noticed", () => {
    let refused = 0;
    for (let index = 0; index < note.length; index++) {
        for (const character of ["A", "1", "\n", " "].filter((candidate) => candidate !== note[index])) {
            const changed = note.slice(0, index) + character + note.slice(index + 1);
            expect(() => verifyNote(parseNote(changed), log, noblePrimitives)).toThrow(/^checkpoint note: /);
            refused += 1;
        }
    }
    expect(refused).toBeGreaterThan(3 * note.length);
});

test.each([
    [
        "another key",
        formatNote(log, checkpoint, nativeSigner(OTHER_SEED), noblePrimitives),
        "the log's key did not sign it",
    ],
    [
        "another log",
        formatNote({ ...log, genesis: "00".repeat(32) }, checkpoint, signer, noblePrimitives),
        "it belongs to qp-tunnel/shop/dev/0000000000000000",
    ],
    [
        "another stack",
        formatNote({ ...log, stack: "prod" }, checkpoint, signer, noblePrimitives),
        "it belongs to qp-tunnel/shop/prod/",
    ],
    ["another size", note.replace("\n1\n", "\n2\n"), "its signature is wrong"],
    ["no signature", note.slice(0, note.indexOf("\n\n") + 1), "it has no signatures after an empty line"],
    ["an extension", note.replace("\n\n", "\nmore\n\n"), "it has more than three lines of text"],
    ["a size with a zero before it", note.replace("\n1\n", "\n01\n"), "its second line is not a size"],
    ["a short root", note.replace(checkpoint.root, "AAAA"), "its third line is not a root hash"],
])("a note of %s is refused", (_what, other, problem) => {
    expect(() => verifyNote(parseNote(other), log, noblePrimitives)).toThrow(problem);
});
