import * as fc from "fast-check";

import { formatNote, parseNote, verifyNoteBy } from "../../../../core/audit/note.js";
import {
    judgeObservation,
    newestObservations,
    noteOfObservation,
    OBSERVE_ACTION,
    type Judging,
    type Observation,
    observationDetails,
    observationIn,
} from "../../../../core/audit/observed.js";
import { consistencyProof, leafHash } from "../../../../core/audit/proof.js";
import { sanitizeDetails } from "../../../../core/audit/sanitize.js";
import { nativePrimitives as primitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { entry, makeLog, OTHER_SEED, SEED } from "./logs.js";

const grown = (size: number, message = "entry") =>
    makeLog(
        Array.from({ length: size - 1 }, (_, n) => entry(n + 1, { message: `${message} ${n}` })),
        { origin: { project: "birch", stack: "prod" } },
    );
const theirs = grown(8);
const { publicKey } = theirs.log;
const origin = `qp-tunnel/birch/prod/${theirs.log.genesis.slice(0, 16)}`;

function request(log: ReturnType<typeof grown>, old = 0) {
    const leaves = log.texts.map((text) => leafHash(Buffer.from(text.slice(0, -1)), primitives));
    const { note } = log.checkpoint;
    return { note, parsed: parseNote(note), old, path: old === 0 ? [] : consistencyProof(leaves, old, primitives) };
}

function recorded(...observations: (Observation | undefined)[]) {
    return newestObservations(
        observations
            .filter((each) => each !== undefined)
            .map((each) => entry(1, { action: OBSERVE_ACTION, details: observationDetails(each) })),
    );
}

const judge = (asked: ReturnType<typeof request>, more: Partial<Judging> = {}) =>
    judgeObservation(asked, { keys: [publicKey], seen: new Map(), primitives, ...more });

const problem = (asked: ReturnType<typeof request>, more: Partial<Judging> = {}): string => {
    try {
        judge(asked, more);
        return "recorded";
    } catch (error) {
        return (error as Error).message.replaceAll(origin, "ORIGIN");
    }
};

test("the first checkpoint of a log is recorded with the key that somebody compared, and again under that key alone", () => {
    const first = judge(request(grown(5)));
    expect(first).toMatchObject({ origin, size: 5, root: grown(5).checkpoint.root, publicKey });
    const seen = recorded(first);
    expect(judge(request(grown(5)), { seen, keys: [] })).toBeUndefined();
    expect(judge(request(theirs, 5), { seen, keys: [] })).toMatchObject({ size: 8, publicKey });
});

test("a record of it is sealed as it is, and its note can be verified again", () => {
    const observed = judge(request(theirs));
    const details = observationDetails(observed!);
    expect(sanitizeDetails(details)).toEqual(details);
    expect(observationIn(entry(1, { action: OBSERVE_ACTION, details }))).toEqual(observed);
    expect(noteOfObservation(observed!)).toBe(theirs.checkpoint.note);
    for (const changed of [
        { action: "peer_add" },
        { status: "failure" as const },
        { details: { ...details, size: "8" } },
        { details: { ...details, signature: 1 } },
        { details: {} },
    ])
        expect(observationIn(entry(1, { action: OBSERVE_ACTION, details, ...changed }))).toBeUndefined();
});

test("of many lines under a note only the one that the key made is recorded", () => {
    const { note } = theirs.checkpoint;
    const forged = note.replace(/\S+\n$/, `${Buffer.alloc(68, 3).toString("base64")}\n`).split("\n\n")[1]!;
    const [text, own] = note.split("\n\n") as [string, string];
    const crowded = `${text}\n\n${`— else ${Buffer.alloc(68, 9).toString("base64")}\n`.repeat(50)}${forged}${own}`;
    const asked = { ...request(theirs), note: crowded, parsed: parseNote(crowded) };
    expect(noteOfObservation(judge(asked)!)).toBe(note);
});

describe("refuses", () => {
    const seen = recorded(judge(request(grown(5))));

    it("another history, a shorter log, and a longer one without proof", () => {
        expect(problem(request(grown(5, "other")), { seen })).toMatch(
            /^checkpoint of ORIGIN: it is a different history: this log has recorded another root for 5 records;/,
        );
        expect(problem(request(grown(3)), { seen })).toMatch(
            /^checkpoint of ORIGIN: it has 3 records, this log has recorded 5: the log was truncated/,
        );
        expect(problem(request(theirs), { seen })).toBe(
            "checkpoint of ORIGIN: there is no proof that it extends the 5 records that this log has recorded; ask its owner for `qp-tunnel offer LOG --since 5`",
        );
        expect(problem({ ...request(theirs, 5), path: [] }, { seen })).toContain("it is a different history");
    });

    it("a log of which no key is trusted, and one that another key signed", () => {
        expect(problem(request(theirs), { keys: [] })).toBe(
            "checkpoint of ORIGIN: this log has recorded none of that log yet, so no key of it is trusted; give its public key with --key, as its owner tells you",
        );
        const { publicKey: other } = nativeSigner(OTHER_SEED);
        expect(problem(request(theirs), { keys: [other] })).toBe(
            "checkpoint of ORIGIN: no trusted key signed it: the log's key did not sign it; ask its owner; if the key was rotated, give the new one with --key",
        );
    });

    it("a log that begins anew under the same name, until its loss is acknowledged", () => {
        const anew = makeLog([entry(3)], { origin: { project: "birch", stack: "prod" }, seed: OTHER_SEED });
        const keys = [anew.log.publicKey];
        expect(problem(request(anew), { seen, keys })).toMatch(
            /it is a different log: this log has recorded 5 records of ORIGIN; ask its owner what became of that log; if its loss is explained, acknowledge it with --replaces ORIGIN$/,
        );
        const observed = judge(request(anew), { seen, keys, replaces: origin });
        expect(observed).toMatchObject({ size: 2, replaces: origin });
        const later = recorded(judge(request(grown(5))), observed);
        expect(judge(request(anew), { seen: later, keys: [] })).toBeUndefined();
        expect(problem(request(anew), { seen, keys, replaces: "qp-tunnel/birch/prod/0" })).toMatch(
            /qp-tunnel\/birch\/prod\/0 is not the log of that stack which this log has recorded last; omit --replaces, or give ORIGIN$/,
        );
        expect(problem(request(theirs), { replaces: origin })).toMatch(/; omit --replaces$/);
    });

    it("what is not the name of a log, and a log without records", () => {
        const signer = nativeSigner(SEED);
        const named = (project: string, size: number) => {
            const note = formatNote(
                { ...theirs.log, project },
                { size, root: theirs.checkpoint.root },
                signer,
                primitives,
            );
            return { note, parsed: parseNote(note), old: 0, path: [] };
        };
        expect(problem(named("bi\u202erch", 3))).toContain("its first line is not the name of a log");
        expect(problem(named("x".repeat(400), 3))).toContain("its first line is not the name of a log");
        expect(problem(named("birch", 0))).toContain("it has no records, and every log has one");
    });
});

test("however checkpoints come, those that are recorded are of one history", () => {
    const histories = ["entry", "other"].map((message) => [2, 3, 5, 8].map((size) => grown(size, message)));
    const logs = histories.flat();
    fc.assert(
        fc.property(
            fc.array(fc.record({ index: fc.nat(7), old: fc.constantFrom(0, 2, 3, 5) }), { maxLength: 8 }),
            (asked) => {
                const entries = [];
                for (const { index, old } of asked) {
                    const log = logs[index]!;
                    try {
                        const observed = judge(request(log, old < log.lines.length ? old : 0), {
                            seen: newestObservations(entries),
                        });
                        if (observed !== undefined)
                            entries.push(entry(1, { action: OBSERVE_ACTION, details: observationDetails(observed) }));
                    } catch {
                        // Refused.
                    }
                }
                const all = entries.map((each) => observationIn(each)!);
                for (const observed of all) verifyNoteBy(parseNote(noteOfObservation(observed)), publicKey, primitives);
                const sizes = all.map(({ size }) => size);
                expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
                const roots = histories.map((all) => all.map(({ checkpoint }) => checkpoint.root));
                expect(roots.some((own) => all.every(({ root }) => own.includes(root)))).toBe(true);
            },
        ),
        { numRuns: 60 },
    );
});
