import { readFileSync } from "node:fs";
import { join } from "node:path";

import { epochAt } from "../../../../core/audit/epochs.js";
import { noblePrimitives } from "../../../../core/audit/noble.js";
import { parseNote, verifyCosignature } from "../../../../core/audit/note.js";
import { sealEntry } from "../../../../core/audit/seal.js";
import type { Verdict, VerifyOptions } from "../../../../core/audit/verdict.js";
import { verifyLog } from "../../../../core/audit/verify.js";
import { AuditError } from "../../../../core/errors.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { entry, makeLog, makeRotatedLog, OTHER_SEED, rotationEntry, SEED, uuid } from "./logs.js";

const THIRD_SEED = Buffer.alloc(32, 11);
const first = nativeSigner(SEED);
const second = nativeSigner(OTHER_SEED);
const third = nativeSigner(THIRD_SEED);

/** Lines 1 to 3 of the first key (the third rotates), 4 and 5 of the second, 6 and 7 of the third. */
const good = makeRotatedLog([
    { seed: SEED, entries: [entry(1)] },
    { seed: OTHER_SEED, entries: [entry(4)] },
    { seed: THIRD_SEED, entries: [entry(5), entry(6)] },
]);

test.each([
    ["fast", 4, nativePrimitives],
    ["full", 7, nativePrimitives],
    ["full", 7, noblePrimitives],
] as const)(
    "a log that changed its key twice passes %s, known by its first key alone",
    async (mode, signatures, primitives) => {
        const verdict = await verify(good.bytes, {
            mode,
            primitives,
            checkpoint: good.checkpoint,
            expect: { publicKey: first.publicKey },
        });
        expect(verdict).toMatchObject({ size: 7, signatures, log: { publicKey: third.publicKey } });
        expect(verdict.keys).toEqual([
            { publicKey: first.publicKey, from: 0, since: "2026-04-04T14:00:00Z" },
            { publicKey: second.publicKey, from: 3, since: "2026-04-04T14:00:50Z" },
            { publicKey: third.publicKey, from: 5, since: "2026-04-04T14:00:50Z" },
        ]);
        expect([0, 2, 3, 4, 5, 99].map((sequence) => epochAt(verdict.keys, sequence)?.publicKey)).toEqual(
            [first, first, second, second, third, third].map(({ publicKey }) => publicKey),
        );
    },
);

test("a checkpoint taken before a rotation is signed by the key of its time, and still holds", async () => {
    const before = makeLog([entry(1)]);
    expect(good.bytes.subarray(0, before.bytes.length)).toEqual(before.bytes);
    await verify(good.bytes, { checkpoint: before.checkpoint });
});

test("a retired key's later record is refused, its retirement named", async () => {
    const { texts, lines } = good;
    const last = lines.at(-1)!;
    const place = { id: uuid("late"), sequence: 7, previous_hash: last.capsule.hash };
    const late = sealEntry(entry(7), place, { ...good.log, publicKey: first.publicKey }, first, nativePrimitives);
    for (const mode of ["fast", "full"] as const) {
        expect(await problem([...texts, late.text], { mode })).toBe(
            `line 8 of log: it is sealed by the key ${first.publicKey.slice(0, 16)}, which line 3 retired`,
        );
    }
});

test("a record that claims the key in force is refused when another sealed it", async () => {
    const { texts, lines } = good;
    const place = { id: uuid("late"), sequence: 7, previous_hash: lines.at(-1)!.capsule.hash };
    const forged = sealEntry(
        entry(7),
        place,
        { ...good.log, publicKey: third.publicKey },
        { publicKey: third.publicKey, sign: (message) => first.sign(message) },
        nativePrimitives,
    );
    expect(await problem([...texts, forged.text], {})).toBe("line 8 of log: its signature is not the log's key's");
});

describe("a rotation is refused", () => {
    const base = makeLog([entry(1)]);
    const at = { sequence: 2, previous_hash: base.lines[1]!.capsule.hash };
    const { details } = rotationEntry(base.log, at, second);
    const elsewhere = rotationEntry(base.log, { ...at, sequence: 3 }, second).details;
    const otherLog = rotationEntry({ ...base.log, genesis: "00".repeat(32) }, at, second).details;
    const smallOrder = "01" + "00".repeat(31);

    test.each<[string, Record<string, unknown>, string]>([
        ["without proof", { ...details, proof: undefined }, "its new key did not sign its proof"],
        ["with another's proof", { ...details, proof: first.sign("x") }, "its new key did not sign its proof"],
        ["with a proof for another place", elsewhere, "its new key did not sign its proof"],
        ["with a proof for another log", otherLog, "its new key did not sign its proof"],
        ["to a key of small order", { ...details, public_key: smallOrder }, "its new key is not usable"],
        ["to the key in force", rotationEntry(base.log, at, first).details, "its new key was used before"],
        [
            "from another key than the one in force",
            { ...details, previous_public_key: third.publicKey },
            "its details are not those of a rotation",
        ],
        ["with more to say", { ...details, note: "x" }, "its details are not those of a rotation"],
    ])("%s", async (_how, changed, expected) => {
        const { line: _line, text } = sealEntry(
            entry(50, { action: "log_key_rotated", details: JSON.parse(JSON.stringify(changed)) }),
            { id: uuid("rotation"), ...at },
            base.log,
            first,
            nativePrimitives,
        );
        expect(await problem([...base.texts, text], {})).toBe(`line 3 of log: ${expected}`);
    });

    test("when the key in force did not seal it, in fast mode too", async () => {
        const thief = { publicKey: first.publicKey, sign: (message: string) => third.sign(message) };
        const rotation = sealEntry(
            rotationEntry(base.log, at, second),
            { id: uuid("rotation"), ...at },
            base.log,
            thief,
            nativePrimitives,
        );
        expect(await problem([...base.texts, rotation.text], { mode: "fast" })).toBe(
            "line 3 of log: its signature is not the log's key's",
        );
    });

    test("back to a retired key", async () => {
        const whole = [
            { seed: SEED, entries: [] },
            { seed: OTHER_SEED, entries: [] },
            { seed: SEED, entries: [entry(4)] },
        ];
        expect(await problem(makeRotatedLog(whole).texts, {})).toBe("line 3 of log: its new key was used before");
    });
});

test("a rotated log, its checkpoint and a witness's line are what was published", async () => {
    const vector = JSON.parse(readFileSync(join(__dirname, "vectors/rotation.json"), "utf8")) as {
        lines: string[];
        checkpoint: typeof good.checkpoint;
        witness: { name: string; public_key: string; seconds: number; line: string };
    };
    const made = makeRotatedLog([
        { seed: SEED, entries: [entry(1)] },
        { seed: OTHER_SEED, entries: [entry(51)] },
    ]);
    expect([made.texts, made.checkpoint]).toEqual([vector.lines, vector.checkpoint]);
    const { name, public_key: publicKey, seconds, line } = vector.witness;
    const options = { mode: "full", primitives: noblePrimitives, checkpoint: vector.checkpoint } as const;
    expect(await verify(Buffer.from(vector.lines.join("")), options)).toMatchObject({ size: 4, signatures: 4 });
    const note = parseNote(vector.checkpoint.note + line);
    expect(verifyCosignature(note, { name, publicKey }, noblePrimitives)).toBe(seconds);
});

function verify(bytes: Buffer, options: Partial<VerifyOptions>): Promise<Verdict> {
    return verifyLog("log", () => [bytes], { primitives: nativePrimitives, ...options });
}

async function problem(texts: string[], options: Partial<VerifyOptions>): Promise<string> {
    const outcome = await verify(Buffer.from(texts.join("")), options).catch((error: unknown) => error);
    if (!(outcome instanceof AuditError)) throw new Error("the log was accepted", { cause: outcome });
    return `${outcome.subject}: ${outcome.problem}`;
}
