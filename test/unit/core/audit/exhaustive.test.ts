/**
 * A log of twenty records with a rotation of its key, and everything that can be done to it short of breaking the
 * cryptography. With its checkpoint each of it is refused, the line named.
 */
import { MerkleTree } from "../../../../core/audit/merkle.js";
import type { VerifyOptions } from "../../../../core/audit/verdict.js";
import { LogVerifier, verifyLog } from "../../../../core/audit/verify.js";
import { AuditError } from "../../../../core/errors.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, lineNumber, makeRotatedLog, OTHER_SEED, SEED, type TestLog } from "./logs.js";

const THIRD_SEED = Buffer.alloc(32, 11);
const entries = Array.from({ length: 18 }, (_, n) => entry(n + 1));
const good = rotated();
const { bytes, texts, checkpoint } = good;

/** Where each line ends, and verifiers that have seen no line, one, two, … */
const ends = texts.map((_, index) => Buffer.byteLength(texts.slice(0, index + 1).join("")));
const after: LogVerifier[] = [];
beforeAll(() => {
    const verifier = new LogVerifier("log", { primitives: remembering, mode: "full", checkpoint });
    for (const text of ["", ...texts]) {
        verifier.push(Buffer.from(text));
        after.push(forked(verifier));
    }
});

test("the log is good", async () => {
    expect(texts).toHaveLength(20);
    const verdict = await verifyLog("log", () => [bytes], { primitives: nativePrimitives, mode: "full", checkpoint });
    expect(verdict.keys).toHaveLength(2);
});

test.each<[string, (index: number) => Buffer]>([
    ["with its lowest bit flipped", (index) => replaced(index, [bytes.readUInt8(index) ^ 1])],
    ["with its highest bit flipped", (index) => replaced(index, [bytes.readUInt8(index) ^ 0x80])],
    ["deleted", (index) => replaced(index, [])],
    ["doubled", (index) => replaced(index, [bytes.readUInt8(index), bytes.readUInt8(index)])],
    ["with a zero before it", (index) => replaced(index, [0, bytes.readUInt8(index)])],
])("every byte %s", async (what, change) => {
    let tried = 0;
    const missed: unknown[] = [];
    for (let index = 0; index < bytes.length; index++) {
        const line = await refusedLine(change(index));
        // A newline that is doubled makes an empty line behind it.
        const expected = lineNumber(texts, index) + (what === "doubled" && bytes[index] === 0x0a ? 1 : 0);
        if (line !== expected) missed.push([index, line]);
        tried += 1;
    }
    report(`every byte ${what}`, tried);
    expect(missed).toEqual([]);
});

test("a cut at every byte", async () => {
    const missed: unknown[] = [];
    for (let end = 0; end < bytes.length; end++) {
        const line = await refusedLine(bytes.subarray(0, end));
        if (line !== lineNumber(texts, end)) missed.push([end, line]);
    }
    report("a cut at every byte", bytes.length);
    expect(missed).toEqual([]);
});

test("every line deleted, doubled, put anywhere else, swapped with any other", async () => {
    let tried = 0;
    for (let a = 0; a < texts.length; a++) {
        const without = texts.toSpliced(a, 1);
        await refused(without, a + 1);
        await refused(texts.toSpliced(a, 0, texts[a]!), a + 2);
        tried += 2;
        for (let b = 0; b < texts.length; b++) {
            if (a === b) continue;
            await refused(without.toSpliced(b, 0, texts[a]!), Math.min(a, b) + 1);
            if (b > a) await refused(texts.with(a, texts[b]!).with(b, texts[a]!), a + 1);
            tried += 1 + Number(b > a);
        }
    }
    report("lines deleted, doubled, moved and swapped", tried);
});

test("every beginning followed by every later end: lines cut out of the middle", async () => {
    let tried = 0;
    for (let from = 0; from < texts.length; from++) {
        for (let to = from + 1; to < texts.length; to++, tried++) {
            await refused([...texts.slice(0, from), ...texts.slice(to)], from + 1);
        }
    }
    report("lines cut out of the middle", tried);
});

test("spliced with another history of the same keys, at every line, both ways", async () => {
    let tried = 0;
    for (let parts = 1; parts <= 18; parts++) {
        const other = rotated({ from: parts });
        expect(other.texts.slice(0, lineOf(parts))).toEqual(texts.slice(0, lineOf(parts)));
        // The whole other history is good in itself; only the checkpoint tells.
        await verifyLog("log", () => [other.bytes], { primitives: nativePrimitives, mode: "full" });
        for (let at = 1; at <= 20; at++) {
            for (const spliced of [
                [...texts.slice(0, at), ...other.texts.slice(at)],
                [...other.texts.slice(0, at), ...texts.slice(at)],
            ]) {
                if (spliced.join("") === texts.join("")) continue;
                expect(await refusedLine(Buffer.from(spliced.join("")))).toBeGreaterThan(lineOf(parts));
                tried += 1;
            }
        }
    }
    report("spliced with another history", tried);
});

test("rebuilt under another key, from every line on", async () => {
    let tried = 0;
    for (let at = 1; at <= 17; at++) {
        const signed = entries.slice(0, at);
        const thief = makeRotatedLog([
            { seed: SEED, entries: signed },
            { seed: THIRD_SEED, entries: entries.slice(at) },
        ]);
        // Who has the first key can rotate to his own: a checkpoint is what stops him.
        await refused(thief.texts);
        tried += 1;
    }
    const whole = makeRotatedLog([
        { seed: THIRD_SEED, entries: entries.slice(0, 9) },
        { seed: OTHER_SEED, entries: entries.slice(9) },
    ]);
    await refused(whole.texts, 1);
    report("rebuilt under another key", tried + 1);
});

test("rolled back to each earlier checkpoint, and replaced by nothing", async () => {
    for (let size = 0; size < 20; size++) await refused(texts.slice(0, size), size + 1);
    report("rolled back", 20);
});

test("a line replayed from another stack's log, or from another log of this one, at every place", async () => {
    let tried = 0;
    const others = [
        rotated({ origin: { project: "shop", stack: "prod" } }),
        rotated({ origin: { project: "depot", stack: "dev" } }),
        rotated({ user: "eve" }),
    ];
    for (const other of others) {
        for (let at = 1; at <= 20; at++) {
            // Of another history of this very log the first line is the same.
            if (other.texts[at - 1] === texts[at - 1]) continue;
            await refused(texts.with(at - 1, other.texts[at - 1]!), undefined, at);
            tried += 1;
            if (at > 1) {
                await refused(texts.toSpliced(at - 1, 0, other.texts[at - 1]!), undefined, at);
                tried += 1;
            }
        }
        await refused(other.texts);
    }
    report("lines replayed from other logs", tried + others.length);
});

test("every signature exchanged for any other of the log", async () => {
    let tried = 0;
    const signatures = good.lines.map(({ capsule }) => capsule.signature);
    for (let at = 0; at < 20; at++) {
        for (let other = 0; other < 20; other++) {
            if (at === other) continue;
            await refused(texts.with(at, texts[at]!.replace(signatures[at]!, signatures[other]!)), at + 1);
            tried += 1;
        }
    }
    report("signatures exchanged", tried);
});

function rotated({
    from = Infinity,
    origin,
    user,
}: { from?: number; origin?: TestLog["log"] | { project: string; stack: string }; user?: string } = {}): TestLog {
    const changed = entries.map((each, index) => ({
        ...each,
        ...(index + 1 >= from ? { message: "Added somebody else" } : {}),
        ...(user === undefined ? {} : { user }),
    }));
    const epochs = [
        { seed: SEED, entries: changed.slice(0, 9) },
        { seed: OTHER_SEED, entries: changed.slice(9) },
    ];
    return makeRotatedLog(epochs, origin);
}

/** Lines before the record of the n-th entry: the first record, and behind the ninth entry the rotation. */
function lineOf(entryNumber: number): number {
    return entryNumber + Number(entryNumber > 9);
}

function replaced(index: number, by: number[]): Buffer {
    return Buffer.concat([bytes.subarray(0, index), Buffer.from(by), bytes.subarray(index + 1)]);
}

/** @param line that must be named; `orLater` when any from there on will do */
async function refused(lines: string[], line?: number, orLater?: number): Promise<void> {
    const named = await refusedLine(Buffer.from(lines.join("")));
    if (line !== undefined) expect(named).toBe(line);
    if (orLater !== undefined) expect(named).toBeGreaterThanOrEqual(orLater);
}

/** The line that is named when the log is refused, by its checkpoint at the latest. */
async function refusedLine(log: Buffer): Promise<number> {
    let untouched = 0;
    while (untouched < 20 && log.subarray(0, ends[untouched]).equals(bytes.subarray(0, ends[untouched])))
        untouched += 1;
    const verifier = forked(after[untouched]!);
    let outcome: unknown;
    try {
        verifier.push(log.subarray(ends[untouched - 1] ?? 0));
        outcome = verifier.finish();
    } catch (error) {
        outcome = error;
    }
    if (!(outcome instanceof AuditError)) throw new Error("the log was accepted", { cause: outcome });
    const [, line] = /^line (\d+) of log$/.exec(outcome.subject) ?? [];
    if (line === undefined) throw new Error(`no line is named: ${outcome.message}`);
    return Number(line);
}

/** A verifier that has seen what this one has seen, so that the lines before a change are checked once for all tries. */
function forked(verifier: LogVerifier): LogVerifier {
    const copy = (value: unknown): unknown => {
        if (Array.isArray(value)) return [...(value as unknown[])];
        if (value instanceof Map) return new Map(value as Map<unknown, unknown>);
        if (value instanceof MerkleTree) return cloned(value);
        return value;
    };
    const cloned = <T extends object>(object: T): T => {
        const fields = Object.entries(object).map(([key, value]) => [key, copy(value)]);
        return Object.assign(Object.create(Object.getPrototypeOf(object) as object) as T, Object.fromEntries(fields));
    };
    return cloned(verifier);
}

function report(what: string, tried: number): void {
    console.log(`${what}: ${tried} tried, ${tried} refused`);
}

/** Most of each log was seen before: what is pure is computed once. */
const seen = new Map<string, unknown>();
function once<T>(key: string, compute: () => T): T {
    if (!seen.has(key)) seen.set(key, compute());
    return seen.get(key) as T;
}
// On this thread: the log is verified in a loop that does not wait.
const { verifyAside: _threads, ...onThisThread } = nativePrimitives;
const remembering: VerifyOptions["primitives"] = {
    ...onThisThread,
    sha3: (data) =>
        typeof data === "string" ? once(data, () => nativePrimitives.sha3(data)) : nativePrimitives.sha3(data),
    verify: (...args) => once(args.join(" "), () => nativePrimitives.verify(...args)),
};
