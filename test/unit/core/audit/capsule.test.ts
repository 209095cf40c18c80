import fc from "fast-check";

import { canonicalCapsule, capsuleContent, capsuleDocument, entryOfCapsule } from "../../../../core/audit/capsule.js";
import { CAPSULE_DECIMALS, canonicalJson } from "../../../../core/audit/canonical.js";
import { entryOf, entryProblem } from "../../../../core/audit/entry.js";
import type { AuditEntry, AuditLine } from "../../../../core/audit/record.js";
import { sanitizeEntry } from "../../../../core/audit/sanitize.js";
import { formatLine, sealEntry } from "../../../../core/audit/seal.js";
import { nativePrimitives, nativeSigner } from "../../../../providers/audit/primitives.js";
import { anyEntry, entry, makeLog, SEED, uuid } from "./logs.js";

const signer = nativeSigner(SEED);

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

    test("have the authority that the details say, and otherwise none", () => {
        const authorityOf = (details: Record<string, unknown>): unknown =>
            capsuleContent({ ...entry(1), details }, place, log).authority;
        const none = { type: "autonomous", approver: null, policy_reference: null, chain: [], escalation_reason: null };
        const approved = { ...none, type: "human_approved", approver: "alice", chain: [{ principal: "alice" }] };
        expect(authorityOf({ authority: approved })).toEqual(approved);
        expect(authorityOf({ authority: { ...none, type: "escalated" } })).toEqual({ ...none, type: "escalated" });
        for (const authority of [undefined, "alice", ["human_approved"], { type: "policy" }, none])
            expect(authorityOf({ authority })).toEqual(none);
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
