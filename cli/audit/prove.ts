import { readFileSync, writeFileSync } from "node:fs";

import { verifyNoteBy } from "../../core/audit/note.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import { consistencyProof, inclusionProof, leafHash, verifyInclusion } from "../../core/audit/proof.js";
import { formatExtension, formatRecordProof, parseRecordProof } from "../../core/audit/proofText.js";
import type { AuditLine } from "../../core/audit/record.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { nativePrimitives as primitives } from "../../providers/audit/primitives.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, report, withIntact } from "./intact.js";
import { checkpointFor } from "./note.js";
import { type PinOptions, readCheckpoint } from "./pins.js";

interface Options extends PinOptions {
    since?: string;
    signingKey?: string;
    output?: string;
    json?: boolean;
}

/** `qp-tunnel audit prove`: of one record that it is in a checkpoint, or of a checkpoint that it extends an earlier one. */
export function prove(file: string, sequence: string | undefined, options: Options, output: Output): Promise<number> {
    if ((sequence === undefined) === (options.since === undefined)) {
        throw new InvalidArgument(
            "audit prove",
            "it proves either a record or an extension",
            "give a record's sequence number, or --since SIZE",
        );
    }
    return withIntact(file, options, output, (log) => {
        const pinned = checkpointFor(file, log, options);
        const { note = "" } = pinned;
        const records = [...take(log, pinned.size)];
        const leaves = records.map(({ leaf }) => leaf);
        if (sequence === undefined) {
            const old = whole(options.since ?? "", "--since", pinned.size);
            const path = old === 0 ? [] : consistencyProof(leaves, old, primitives);
            return write({ old, path: path.map(base64), note }, formatExtension({ old, path, note }), options, output);
        }
        const index = whole(sequence, "sequence", pinned.size - 1);
        const path = inclusionProof(leaves, index, primitives);
        const record = records[index]?.text ?? "";
        const text = formatRecordProof({ record, index, path, note });
        return write(
            { record: JSON.parse(record) as unknown, index, path: path.map(base64), note },
            text,
            options,
            output,
        );
    });
}

/** `qp-tunnel audit check-proof`. Without the log: the record, its path and the checkpoint are in the proof. */
export function checkProof(
    file: string,
    options: { key?: string; checkpoint?: string; json?: boolean },
    output: Output,
): number {
    const { key, checkpoint, json } = options;
    if (key === undefined && checkpoint === undefined) {
        throw new InvalidArgument(
            "audit check-proof",
            "a proof needs a trusted key or checkpoint",
            "give the log's public key with --key, or a trusted checkpoint with --checkpoint",
        );
    }
    if (key !== undefined && !isUsablePublicKey(key)) {
        throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    }
    const trusted = checkpoint === undefined ? undefined : readCheckpoint(checkpoint);
    try {
        const { index, path, parsed, record } = parseRecordProof(readFileSync(file, "utf8"));
        if (key !== undefined) verifyNoteBy(parsed, key, primitives);
        if (trusted !== undefined && (trusted.size !== parsed.size || trusted.root !== parsed.root)) {
            throw new AuditError(
                `proof ${file}`,
                "its checkpoint is not the trusted one",
                "request a proof for the trusted checkpoint",
            );
        }
        const leaf = leafHash(Buffer.from(record), primitives);
        const root = Buffer.from(parsed.root, "base64");
        if (!verifyInclusion({ index, size: parsed.size, leaf, root, path }, primitives)) {
            throw new AuditError(
                `proof ${file}`,
                `it does not prove that the record is number ${index} of the ${parsed.size} of ${parsed.origin}`,
                "request a new proof; the record, the path or the checkpoint was changed",
            );
        }
        const line = JSON.parse(record) as AuditLine;
        if (json) printJson(output, { valid: true, origin: parsed.origin, size: parsed.size, index, record: line });
        else output.stdout.write(`record ${index} of ${parsed.size} in ${parsed.origin}: proven\n${record}\n`);
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        report(error, file, options, output);
        return Exit.problem;
    }
}

function* take({ records }: Intact, size: number): Generator<{ text: string; leaf: Uint8Array }> {
    for (const { bytes, line } of records()) {
        if (line.capsule.sequence >= size) return;
        const record = bytes.subarray(0, -1);
        yield { text: record.toString("utf8"), leaf: leafHash(record, primitives) };
    }
}

function write(json: object, text: string, options: Options, output: Output): number {
    const content = options.json ? `${JSON.stringify(json, undefined, 4)}\n` : text;
    if (options.output === undefined) output.stdout.write(content);
    else writeFileSync(options.output, content);
    return Exit.fine;
}

function whole(text: string, what: string, most: number): number {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value <= most) return value;
    throw new InvalidArgument(
        what,
        `${text} is not a number from 0 to ${most}`,
        "the checkpoint covers no more records",
    );
}

function base64(hash: Uint8Array): string {
    return Buffer.from(hash).toString("base64");
}
