import fc from "fast-check";

import { canonicalCapsule, capsuleContent, capsuleDocument, entryOfCapsule } from "../../../../core/audit/capsule.js";
import { CAPSULE_DECIMALS, canonicalJson } from "../../../../core/audit/canonical.js";
import { entryOf, entryProblem, goesBackwards, timestampOf } from "../../../../core/audit/entry.js";
import { noblePrimitives, nobleSigner } from "../../../../core/audit/noble.js";
import type { AuditEntry, AuditLine } from "../../../../core/audit/record.js";
import { sanitizeEntry } from "../../../../core/audit/sanitize.js";
import { formatLine, MAX_LINE_BYTES, sealEntry, sealGenesis } from "../../../../core/audit/seal.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { anyEntry, entry, makeLog, ORIGIN, OTHER_SEED, SEED, uuid } from "./logs.js";
import { frozenLog, sharedFixtures } from "./vectors.js";

const signer = nativeSigner(SEED);

describe("a sealed line", () => {
    test("is this text", () => {
        const { text, line } = sealGenesis(entry(1), ORIGIN, uuid("genesis"), signer, nativePrimitives);
        expect(text).toBe(
            '{"timestamp":"2026-04-04T14:00:01Z","action":"log_created","status":"success",' +
                '"message":"Log of shop/dev begun","user":"alice","details":{"format":"qp-tunnel-audit/1",' +
                `"hash":"sha3-256","project":"shop","public_key":"${signer.publicKey}","signature":"ed25519",` +
                `"stack":"dev"},"correlation_id":"${uuid("correlation 1")}","capsule":{"id":"${uuid("genesis")}",` +
                `"sequence":0,"previous_hash":null,"hash":"${line.capsule.hash}",` +
                `"signature":"${line.capsule.signature}","signed_by":"${signer.publicKey.slice(0, 16)}"}}\n`,
        );
    });

    test.each([
        ["noble", noblePrimitives, nobleSigner],
        ["the platform's cryptography", nativePrimitives, nativeSigner],
    ])("has the frozen bytes with %s", (_name, primitives, signerOf) => {
        const key = signerOf(Buffer.from(frozenLog.seed, "hex"));
        expect(key.publicKey).toBe(frozenLog.public_key);
        const first = JSON.parse(frozenLog.lines[0] as string) as AuditLine;
        const genesis = sealGenesis(first, ORIGIN, first.capsule.id, key, primitives);
        const texts = [genesis.text];
        for (const frozen of frozenLog.lines.slice(1)) {
            const { capsule, ...rest } = JSON.parse(frozen) as AuditLine;
            texts.push(sealEntry(rest, capsule, genesis.log, key, primitives).text);
        }
        expect(texts).toEqual(frozenLog.lines);
    });

    test("says which loss a log was begun after", () => {
        const lost = "ab".repeat(32);
        const { line } = sealGenesis(entry(1), ORIGIN, uuid("genesis"), signer, nativePrimitives, lost);
        expect(line.message).toBe(`Log of shop/dev begun; the log that held ${lost} was lost`);
        expect(line.details["restarted_from"]).toBe(lost);
    });

    test("is refused to another key than the log's", () => {
        const { log, lines } = makeLog([]);
        const place = { id: uuid("x"), sequence: 1, previous_hash: lines[0]?.capsule.hash ?? "" };
        expect(() => sealEntry(entry(1), place, log, nativeSigner(OTHER_SEED), nativePrimitives)).toThrow(
            "the log of shop/dev is sealed with another key",
        );
    });

    test("is refused when it is too long", () => {
        const { log } = makeLog([]);
        const long = entry(1, { details: { text: "x".repeat(MAX_LINE_BYTES) } });
        expect(() =>
            sealEntry(long, { id: uuid("x"), sequence: 1, previous_hash: null }, log, signer, nativePrimitives),
        ).toThrow(/it takes \d+ bytes, a line at most 262144; split it/);
    });

    test("cannot begin a log with a small-order key", () => {
        const weak = { publicKey: `01${"00".repeat(31)}`, sign: () => "00".repeat(64) };
        expect(() => sealGenesis(entry(1), ORIGIN, uuid("x"), weak, nativePrimitives)).toThrow(
            "its public key is of small order or not canonical",
        );
    });
});

describe("a record and its capsule", () => {
    const place = { id: uuid("id"), sequence: 3, previous_hash: "cd".repeat(32) };
    const { log } = makeLog([]);

    test("say the same: there and back is the identity, whatever was to be recorded", () => {
        fc.assert(
            fc.property(anyEntry, (raw) => {
                const sanitized: AuditEntry = sanitizeEntry(raw);
                expect(entryProblem(sanitized)).toBeUndefined();
                const content = capsuleContent(sanitized, place, log);
                expect(entryOfCapsule(content)).toEqual({ entry: sanitized, place, log });
                const parsed = JSON.parse(canonicalJson(content, CAPSULE_DECIMALS)) as typeof content;
                expect(canonicalJson(parsed, CAPSULE_DECIMALS)).toBe(canonicalCapsule(sanitized, place, log));
            }),
        );
    });

    test("survive the line byte for byte", () => {
        fc.assert(
            fc.property(anyEntry, (raw) => {
                const { line, text } = sealEntry(sanitizeEntry(raw), place, log, signer, nativePrimitives);
                const parsed = JSON.parse(text) as AuditLine;
                expect(text.indexOf("\n")).toBe(text.length - 1);
                expect(formatLine(parsed)).toBe(text);
                expect(nativePrimitives.sha3(canonicalCapsule(entryOf(parsed), parsed.capsule, log))).toBe(
                    line.capsule.hash,
                );
            }),
        );
    });

    test("the exported document is the content with the five seal fields", () => {
        const { lines } = makeLog([entry(1)]);
        const line = lines[1] as AuditLine;
        const document = JSON.parse(capsuleDocument(line, log));
        expect(document).toEqual({
            ...JSON.parse(canonicalCapsule(line, line.capsule, log)),
            hash: line.capsule.hash,
            signature: line.capsule.signature,
            signature_pq: "",
            signed_at: "2026-04-04T14:00:01+00:00",
            signed_by: signer.publicKey.slice(0, 16),
        });
    });
});

describe("an entry", () => {
    interface Fixture {
        description: string;
        entry: Record<string, unknown>;
        valid: boolean;
    }
    const own: Fixture[] = frozenLog.entries.map((frozen) => ({
        description: frozen.action,
        entry: { ...frozen },
        valid: true,
    }));

    test.each([...own, ...sharedFixtures<Fixture>("audit-entries.json")])("$description", ({ entry: given, valid }) => {
        const problem = entryProblem({ correlation_id: uuid("x"), ...given });
        if (valid) expect(problem).toBeUndefined();
        else expect(problem).toMatch(/^it has no |^its /);
    });

    test.each([
        ["an array", [], "it is not a JSON object"],
        ["no message", { message: undefined }, "its message is not a string"],
        ["another status", { status: "maybe" }, "its status is neither success nor failure"],
        ["a list of details", { details: [] }, "its details are not an object"],
        ["an action in capitals", { action: "Peer" }, "its action is not of the form ^[a-z][a-z0-9_-]{0,63}$"],
        ["an upper case id", { correlation_id: uuid("x").toUpperCase() }, "its correlation_id is not a lowercase UUID"],
        ...[
            "2026-04-04T14:00:00.123Z",
            "2026-04-04T14:00:00.000000Z",
            "2026-04-04T14:00:00+00:00",
            "2026-02-30T14:00:00Z",
            "2026-04-04T24:00:00Z",
            "2026-04-04T14:00:60Z",
            "2026-04-04 14:00:00Z",
        ].map((timestamp): [string, object, string] => [
            `the time ${timestamp}`,
            { timestamp },
            "its timestamp is not UTC in the form 2026-04-04T14:00:00Z or with six fraction digits",
        ]),
    ])("with %s is none", (_what, changes, problem) => {
        expect(entryProblem(Array.isArray(changes) ? changes : { ...entry(1), ...changes })).toBe(problem);
    });

    test("times have one form", () => {
        expect(timestampOf(Date.UTC(2026, 3, 4, 14))).toBe("2026-04-04T14:00:00Z");
        expect(timestampOf(Date.UTC(2026, 3, 4, 14, 0, 0, 7))).toBe("2026-04-04T14:00:00.007000Z");
    });

    test("times are compared as times", () => {
        const moments = fc.integer({ min: 0, max: 5_000 }).map((ms) => Date.UTC(2026, 3, 4) + ms);
        fc.assert(
            fc.property(moments, moments, (a, b) => {
                expect(goesBackwards(timestampOf(a), timestampOf(b))).toBe(b < a);
            }),
        );
    });
});
