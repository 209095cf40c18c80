import { noblePrimitives, nobleSigner } from "../../../../core/audit/noble.js";
import type { AuditLine } from "../../../../core/audit/record.js";
import { MAX_LINE_BYTES, sealEntry, sealGenesis } from "../../../../core/audit/seal.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { entry, makeLog, ORIGIN, OTHER_SEED, SEED, uuid } from "./logs.js";
import { frozenLog } from "./vectors.js";

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
            "the log of shop/dev is sealed with a different key",
        );
    });

    test("is refused when it is too long", () => {
        const { log } = makeLog([]);
        const long = entry(1, { details: { text: "x".repeat(MAX_LINE_BYTES) } });
        expect(() =>
            sealEntry(long, { id: uuid("x"), sequence: 1, previous_hash: null }, log, signer, nativePrimitives),
        ).toThrow(/it has \d+ bytes, and a line at most 262144; split it/);
    });

    test("cannot begin a log with a small-order key", () => {
        const weak = { publicKey: `01${"00".repeat(31)}`, sign: () => "00".repeat(64) };
        expect(() => sealGenesis(entry(1), ORIGIN, uuid("x"), weak, nativePrimitives)).toThrow(
            "its public key is of small order or not canonical",
        );
    });
});
