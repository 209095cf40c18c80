import fc from "fast-check";

import { noblePrimitives } from "../../../../core/audit/noble.js";
import { LogBehind } from "../../../../core/audit/behind.js";
import type { Verdict, VerifyOptions } from "../../../../core/audit/verdict.js";
import { verifyLog } from "../../../../core/audit/verify.js";
import { nativePrimitives } from "../../../../providers/audit/primitives.js";
import { entry, lineNumber, makeLog, ORIGIN, OTHER_SEED, uuid } from "./logs.js";
import { frozenLog } from "./vectors.js";
import { verify, failure } from "./verified.js";

const entries = [1, 2, 3, 4].map((number) => entry(number));
const good = makeLog(entries);

describe("an intact log", () => {
    const expected: Verdict = {
        log: good.log,
        keys: [{ publicKey: good.log.publicKey, from: 0, since: "2026-04-04T14:00:00Z" }],
        size: 5,
        bytes: good.bytes.length,
        head: good.checkpoint.head,
        root: good.checkpoint.root,
        first: "2026-04-04T14:00:00Z",
        last: "2026-04-04T14:00:04Z",
        signatures: 2,
        warnings: [],
        interrupted: [],
        tornBytes: 0,
    };

    test.each<[string, Partial<VerifyOptions>, number]>([
        ["alone", {}, 2],
        ["in full", { mode: "full" }, 5],
        ["with noble", { mode: "full", primitives: noblePrimitives }, 5],
        ["with its checkpoint", { checkpoint: good.checkpoint }, 2],
        ["with an earlier checkpoint", { checkpoint: makeLog(entries.slice(0, 2)).checkpoint }, 2],
        ["with its marks", { marks: good.marks }, 2],
        ["as what it is", { expect: { ...ORIGIN, publicKey: good.log.publicKey } }, 2],
    ])("passes %s", async (_how, options, signatures) => {
        expect(await verify(good.bytes, options)).toEqual({ ...expected, signatures });
    });

    test("passes in pieces of any size", async () => {
        for (const size of [1, 7, 64, 1_000]) {
            const pieces = Array.from({ length: Math.ceil(good.bytes.length / size) }, (_, n) =>
                good.bytes.subarray(n * size, (n + 1) * size),
            );
            expect(await verifyLog("log", () => pieces, { primitives: nativePrimitives })).toEqual(expected);
        }
    });

    test("passes as frozen", async () => {
        const verdict = await verify(Buffer.from(frozenLog.lines.join("")), {
            mode: "full",
            checkpoint: frozenLog.checkpoint,
        });
        expect(verdict.warnings).toEqual([
            { line: 4, problem: "time goes backwards, from 2026-04-04T14:05:30.000123Z to 2026-04-04T14:00:03Z" },
            { line: 6, problem: "time goes backwards, from 2026-04-04T14:00:04Z to 2026-04-04T13:59:59Z" },
        ]);
    });
});

describe("every single byte", () => {
    const { bytes, texts } = good;
    const flip = (index: number) => replaced(index, [bytes.readUInt8(index) ^ 1]);

    test.each([
        ["with a bit flipped", flip, { checkpoint: good.checkpoint }],
        ["with a bit flipped", flip, { mode: "full" as const }],
        ["deleted", (index: number) => replaced(index, []), { checkpoint: good.checkpoint }],
        ["with a space before it", (index: number) => inserted(index, 0x20), { checkpoint: good.checkpoint }],
    ])("%s is refused, its line named (%#)", async (_what, variant, options) => {
        const missed: unknown[] = [];
        for (let index = 0; index < bytes.length; index++) {
            const { subject } = await failure(variant(index), options);
            if (subject !== `line ${lineNumber(texts, index)} of log`) missed.push([index, subject]);
        }
        expect(missed).toEqual([]);
    });

    test("replaced by anything else is refused, its line named, with and without checkpoint", async () => {
        const at = fc.nat({ max: bytes.length - 1 });
        await fc.assert(
            fc.asyncProperty(at, fc.nat({ max: 255 }), fc.boolean(), async (index, byte, pinned) => {
                fc.pre(byte !== bytes[index]);
                const options = pinned ? { checkpoint: good.checkpoint } : { mode: "full" as const };
                const { subject } = await failure(replaced(index, [byte]), options);
                expect(subject).toBe(`line ${lineNumber(texts, index)} of log`);
            }),
            { numRuns: 500 },
        );
    });

    test("with a newline before it is refused, its line named", async () => {
        await fc.assert(
            fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (index) => {
                const { subject } = await failure(inserted(index, 0x0a), { mode: "full" });
                // Before a line's own newline it makes an empty line behind it.
                const behind = bytes[index] === 0x0a ? 1 : 0;
                expect(subject).toBe(`line ${lineNumber(texts, index) + behind} of log`);
            }),
            { numRuns: 300 },
        );
    });

    function replaced(index: number, by: number[]): Buffer {
        return Buffer.concat([bytes.subarray(0, index), Buffer.from(by), bytes.subarray(index + 1)]);
    }

    function inserted(index: number, byte: number): Buffer {
        return Buffer.concat([bytes.subarray(0, index), Buffer.from([byte]), bytes.subarray(index)]);
    }
});

describe("a cut log", () => {
    test("is refused wherever it is cut, with a checkpoint", async () => {
        const { bytes, texts } = good;
        const missed: unknown[] = [];
        for (let end = 0; end < bytes.length; end++) {
            const { subject } = await failure(bytes.subarray(0, end), { checkpoint: good.checkpoint });
            if (subject !== `line ${lineNumber(texts, end)} of log`) missed.push([end, subject]);
        }
        expect(missed).toEqual([]);
    });

    test("between two lines is behind, not wrong", async () => {
        const two = Buffer.from(good.texts.slice(0, 2).join(""));
        const error = await failure(two, { checkpoint: good.checkpoint });
        expect(error).toBeInstanceOf(LogBehind);
        expect(error.message).toBe(
            "line 3 of log: it is missing: the log ends after 2 lines, 5 were pinned; " +
                "the log was truncated, or is an older copy: restore the newer one",
        );
        expect(await failure(two, { marks: [good.marks[3]!] })).toBeInstanceOf(LogBehind);
    });

    test("that is being written is taken up to its last whole line", async () => {
        const torn = Buffer.concat([good.bytes, Buffer.from('{"timestamp"')]);
        expect(await verify(torn, { tail: "ignore", checkpoint: good.checkpoint })).toMatchObject({
            size: 5,
            tornBytes: 12,
        });
        const error = await failure(good.bytes.subarray(0, -1), { tail: "ignore", checkpoint: good.checkpoint });
        expect(error.message).toMatch(/^line 5 of log: it is missing/);
    });

    test("of which nothing is left is not valid", async () => {
        expect((await failure(Buffer.alloc(0), {})).message).toMatch(/^line 1 of log: it is missing: the log is empty/);
    });
});

describe("lines moved about", () => {
    const { texts } = good;
    const other = makeLog([...entries.slice(0, 2), entry(8), entry(9)], {});
    const stranger = makeLog(entries, { seed: OTHER_SEED });
    const elsewhere = makeLog(entries, { origin: { project: "shop", stack: "prod" } });

    test.each([
        [
            "one left out",
            [0, 1, 3, 4].map((n) => texts[n]),
            "line 3 of log: its sequence is 3, not 2: lines are missing",
        ],
        [
            "one twice",
            [0, 1, 1, 2, 3, 4].map((n) => texts[n]),
            "line 3 of log: its sequence is 1, not 2: lines are missing",
        ],
        [
            "two swapped",
            [0, 2, 1, 3, 4].map((n) => texts[n]),
            "line 2 of log: its sequence is 2, not 1: lines are missing",
        ],
        ["no beginning", texts.slice(1), "line 1 of log: it is not a log_created record"],
        [
            "the end of a fork",
            [...texts.slice(0, 4), other.texts[4]],
            "line 5 of log: its previous_hash is not the hash of the line before it",
        ],
        [
            "a line of another key",
            [...texts.slice(0, 2), stranger.texts[2], ...texts.slice(3)],
            "line 3 of log: its previous_hash is not",
        ],
        [
            "a beginning of another stack",
            [elsewhere.texts[0], ...texts.slice(1)],
            "line 2 of log: its previous_hash is not",
        ],
        ["an empty line", [texts[0], "\n", ...texts.slice(1)], "line 2 of log: it is not a line of JSON"],
        ["a byte order mark", ["\ufeff", ...texts], "line 1 of log: it is not a line of JSON"],
        ["a line without end", [texts[0], "x".repeat(300_000)], "line 2 of log: it is longer than 262144 bytes"],
    ])("%s: refused without a checkpoint", async (_what, lines, message) => {
        expect((await failure(Buffer.from(lines.join("")), {})).message).toContain(message);
    });

    test("a fork that is whole in itself is refused by the checkpoint and by the marks", async () => {
        await verify(other.bytes, { mode: "full" });
        expect((await failure(other.bytes, { checkpoint: good.checkpoint })).message).toContain(
            `line 5 of log: it was replaced: the pinned head is ${good.checkpoint.head}`,
        );
        expect((await failure(other.bytes, { marks: good.marks })).message).toContain(
            "line 4 of log: it was replaced: the state remembers",
        );
    });

    test.each([
        ["key", stranger, "line 1 of log: it is the log of a different key"],
        ["stack", elsewhere, "line 1 of log: it is the log of a different stack: prod, not dev"],
    ])("a whole log of another %s is refused where this one is expected", async (_what, whole, message) => {
        const expect_ = { ...ORIGIN, publicKey: good.log.publicKey };
        expect((await failure(whole.bytes, { expect: expect_ })).message).toContain(message);
        expect((await failure(whole.bytes, { checkpoint: good.checkpoint })).message).toContain(
            "line 1 of log: it belongs to a different log",
        );
    });

    test("another log's mark is no mark of this one", async () => {
        const mark = { ...good.marks[2]!, genesis: "00".repeat(32) };
        expect((await failure(good.bytes, { marks: [mark] })).message).toContain("line 3 of log: it was replaced");
    });
});

describe("JSON that means the same", () => {
    const line = good.texts[2] as string;
    test.each([
        ["a space", line.replace(",", ", ")],
        ["an escape", line.replace('"alice"', '"\\u0061lice"')],
        [
            "another order",
            line.replace('"action":"peer_add","status":"success"', '"status":"success","action":"peer_add"'),
        ],
        [
            "details in another order",
            line.replace('{"name":"p2","tunnel_ip":"10.8.0.2"}', '{"tunnel_ip":"10.8.0.2","name":"p2"}'),
        ],
        ["a doubled key", line.replace('"user":"alice"', '"user":"mallory","user":"alice"')],
        ["a key nobody knows", line.replace('"user"', '"approved_by":"boss","user"')],
        ["a key in the capsule nobody knows", line.replace('"sequence"', '"x":1,"sequence"')],
        ["a decimal point", line.replace('"sequence":2', '"sequence":2.0')],
        ["a carriage return", line.replace("\n", "\r\n")],
    ])("%s: refused", async (_what, other) => {
        expect(other).not.toBe(line);
        const bytes = Buffer.from([...good.texts.slice(0, 2), other, ...good.texts.slice(3)].join(""));
        expect((await failure(bytes, {})).message).toContain(
            "line 3 of log: it is not in the log's canonical encoding",
        );
    });

    test("bytes that are no UTF-8 are refused", async () => {
        const bytes = Buffer.from(good.bytes);
        bytes.writeUInt8(0xff, bytes.indexOf("alice"));
        expect((await failure(bytes, {})).message).toContain("line 1 of log: it is not a line of JSON");
    });
});

describe("what is no tampering", () => {
    test("an operation without an outcome is named", async () => {
        const begin = (number: number) =>
            entry(number, { action: "peer_add_begin", correlation_id: uuid(`op ${number}`) });
        const end = entry(3, { action: "peer_add_error", status: "failure", correlation_id: uuid("op 1") });
        const { bytes } = makeLog([begin(1), begin(2), end]);
        expect((await verify(bytes, {})).interrupted).toEqual([
            { line: 3, action: "peer_add_begin", correlation_id: uuid("op 2") },
        ]);
    });

    test("time going backwards is a warning with its line", async () => {
        const { bytes } = makeLog([entry(5), entry(4), entry(4)]);
        expect((await verify(bytes, {})).warnings).toEqual([
            { line: 3, problem: "time goes backwards, from 2026-04-04T14:00:05Z to 2026-04-04T14:00:04Z" },
        ]);
    });
});
