/**
 * Proofs as text that can be kept, sent and checked without the log: of one record in the form of C2SP tlog-proof, of a
 * longer log in the form of the request that C2SP tlog-witness takes.
 */
import { AuditError } from "../errors.js";
import { parseNote, type Note } from "./note.js";

/** That a record is in the log of a checkpoint. */
interface RecordProof {
    /** The line without its newline. */
    record: string;
    /** From 0: the record's sequence. */
    index: number;
    path: Uint8Array[];
    /** The checkpoint's note. */
    note: string;
}

/** That a checkpoint's log begins with a smaller one. */
export interface Extension {
    /** Size of the smaller one; 0 is none. */
    old: number;
    path: Uint8Array[];
    note: string;
}

const HEADER = "c2sp.org/tlog-proof@v1";

export function formatRecordProof({ record, index, path, note }: RecordProof): string {
    const extra = Buffer.from(record).toString("base64");
    return `${HEADER}\nextra ${extra}\nindex ${index}\n${hashes(path)}\n${note}`;
}

/** @throws AuditError naming what is not as the format demands */
export function parseRecordProof(text: string): RecordProof & { parsed: Note } {
    const { head, note } = parts(text, "proof");
    const [header, extra, index, ...path] = head;
    if (header !== HEADER) throw malformed("proof", `it does not begin with ${HEADER}`);
    const [, record] = /^extra ([A-Za-z0-9+/]+={0,2})$/.exec(extra ?? "") ?? [];
    if (record === undefined) throw malformed("proof", "it has no record");
    const [, number] = /^index (0|[1-9]\d*)$/.exec(index ?? "") ?? [];
    if (number === undefined || !Number.isSafeInteger(Number(number))) throw malformed("proof", "it has no index");
    return {
        record: Buffer.from(record, "base64").toString("utf8"),
        index: Number(number),
        path: path.map((line) => parseHash(line, "proof")),
        note,
        parsed: parseNote(note),
    };
}

export function formatExtension({ old, path, note }: Extension): string {
    return `old ${old}\n${hashes(path)}\n${note}`;
}

/** A note alone is one that proves nothing about an older log. */
export function parseExtension(text: string): Extension & { parsed: Note } {
    if (!text.startsWith("old ")) return { old: 0, path: [], note: text, parsed: parseNote(text) };
    const { head, note } = parts(text, "request");
    const [, old] = /^old (0|[1-9]\d*)$/.exec(head[0] ?? "") ?? [];
    if (old === undefined || !Number.isSafeInteger(Number(old))) throw malformed("request", "it has no old size");
    return {
        old: Number(old),
        path: head.slice(1).map((line) => parseHash(line, "request")),
        note,
        parsed: parseNote(note),
    };
}

function parts(text: string, what: string): { head: string[]; note: string } {
    const end = text.indexOf("\n\n");
    if (end < 0) throw malformed(what, "it has no checkpoint after an empty line");
    return { head: text.slice(0, end).split("\n"), note: text.slice(end + 2) };
}

function hashes(path: Uint8Array[]): string {
    return path.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
}

function parseHash(line: string, what: string): Uint8Array {
    const bytes = Buffer.from(line, "base64");
    if (bytes.length !== 32 || bytes.toString("base64") !== line)
        throw malformed(what, `${JSON.stringify(line)} is not a hash`);
    return bytes;
}

function malformed(what: string, problem: string): AuditError {
    return new AuditError(what, problem, "use the unmodified output of qp-tunnel audit prove");
}
