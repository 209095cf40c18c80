import fc from "fast-check";

import {
    formatExtension,
    formatRecordProof,
    parseExtension,
    parseRecordProof,
} from "../../../../core/audit/proofText.js";

const ROOT = Buffer.alloc(32, 1).toString("base64");
const NOTE = `example.org/log\n42\n${ROOT}\n\n\u2014 example.org/log ${Buffer.alloc(68, 2).toString("base64")}\n`;
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const path = fc.array(hash, { maxLength: 5 });
const plain = (hashes: Uint8Array[]): number[][] => hashes.map((each) => [...each]);

it("a record's proof reads as it was written, whatever is in the record", () => {
    fc.assert(
        fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.nat(), path, (record, index, hashes) => {
            const read = parseRecordProof(formatRecordProof({ record, index, path: hashes, note: NOTE }));
            expect({ ...read, path: plain(read.path), parsed: read.parsed.size }).toEqual({
                ...{ record, index, path: plain(hashes), note: NOTE, parsed: 42 },
            });
        }),
    );
});

it("a longer log's proof reads as it was written; a note alone proves nothing of an older log", () => {
    fc.assert(
        fc.property(fc.nat(), path, (old, hashes) => {
            const read = parseExtension(formatExtension({ old, path: hashes, note: NOTE }));
            expect([read.old, plain(read.path), read.note]).toEqual([old, plain(hashes), NOTE]);
        }),
    );
    expect(parseExtension(NOTE)).toMatchObject({ old: 0, path: [], note: NOTE });
});

const PROOF = formatRecordProof({ record: "{}", index: 7, path: [Buffer.alloc(32, 3)], note: NOTE });
const HASH = Buffer.alloc(32, 3).toString("base64");

it.each<[string, (text: string) => string, string]>([
    ["another format", (text) => text.replace("@v1", "@v2"), "it does not begin with c2sp.org/tlog-proof@v1"],
    ["no record", (text) => text.replace("extra ", "extra: "), "it has no record"],
    ["an index with a zero in front", (text) => text.replace("index 7", "index 07"), "it has no index"],
    [
        "an index beyond what can be counted",
        (text) => text.replace("index 7", "index 99999999999999999999"),
        "it has no index",
    ],
    ["a short hash", (text) => text.replace(HASH, "AAAA"), '"AAAA" is not a hash'],
    ["a hash in another spelling", (text) => text.replace(HASH, `${HASH.slice(0, -2)}N=`), "is not a hash"],
    ["no checkpoint", (text) => text.replaceAll("\n\n", "\n"), "it has no checkpoint after an empty line"],
])("a proof with %s is refused", (_, change, problem) => {
    expect(() => parseRecordProof(change(PROOF))).toThrow(problem);
    expect(() => parseRecordProof(change(PROOF))).toThrow(
        /^proof: .*; use the unmodified output of qp-tunnel audit prove$/,
    );
});

it("a request with no old size is refused", () => {
    expect(() => parseExtension(formatExtension({ old: 3, path: [], note: NOTE }).replace("old 3", "old 3x"))).toThrow(
        "request: it has no old size; use the unmodified output of qp-tunnel audit prove",
    );
});
