import { existsSync, readFileSync } from "node:fs";

import { cosign, type Note, verifyNoteBy } from "../../core/audit/note.js";
import type { Signer } from "../../core/audit/primitives.js";
import { verifyConsistency } from "../../core/audit/proof.js";
import { AuditError } from "../../core/errors.js";
import { replaceFile } from "./durable.js";
import { lockFile } from "./lock.js";
import { nativePrimitives as primitives } from "./primitives.js";

/** Who watches which logs. */
export interface Witness {
    /** File with the newest checkpoint of each log this witness has signed. */
    memory: string;
    name: string;
    /** Public keys of the log: the witness accepts checkpoints signed with one of them. */
    logKeys: readonly string[];
    signer: Signer;
    /** Time of the signature, since 1970. */
    seconds: number;
}

/** What is remembered of a log, by its origin. */
type Memory = Record<string, { size: number; root: string }>;

/**
 * Signs a checkpoint only if its log begins with the one that was signed last: two histories of one log never get a
 * signature from the same witness. What was seen is on disk before the signature is handed out.
 *
 * @throws AuditError when it does not, or the log's key did not sign it
 */
export async function witnessCheckpoint(
    request: { parsed: Note; old: number; path: Uint8Array[]; note: string },
    { memory, name, logKeys, signer, seconds }: Witness,
): Promise<{ origin: string; size: number; root: string; publicKey: string; note: string }> {
    const { parsed, note } = request;
    const { origin, size, root } = parsed;
    refuseUnsigned(parsed, logKeys);
    const unlock = await lockFile(`${memory}.lock`, memory);
    try {
        const known = readMemory(memory);
        const seen = Object.hasOwn(known, origin) ? known[origin] : undefined;
        if (seen !== undefined) refuseContradiction(request, seen);
        const updated = JSON.stringify({ ...known, [origin]: { size, root } }, undefined, 4);
        replaceFile(memory, [Buffer.from(`${updated}\n`)]);
        const signed = note + cosign(parsed, name, seconds, signer, primitives);
        return { origin, size, root, publicKey: signer.publicKey, note: signed };
    } finally {
        unlock();
    }
}

function refuseUnsigned(parsed: Note, logKeys: readonly string[]): void {
    const problems = logKeys.map((key) => {
        try {
            verifyNoteBy(parsed, key, primitives);
            return undefined;
        } catch (error) {
            if (error instanceof AuditError) return error;
            throw error;
        }
    });
    const [problem] = problems;
    if (problem !== undefined && !problems.includes(undefined)) throw problem;
}

function refuseContradiction(
    { parsed, old, path }: { parsed: Note; old: number; path: Uint8Array[] },
    seen: { size: number; root: string },
): void {
    const { origin, size, root } = parsed;
    if (size === seen.size && root === seen.root) return;
    if (size <= seen.size) {
        throw new AuditError(
            `checkpoint of ${origin}`,
            size === seen.size
                ? `it is a different history: the witness has seen another root for ${size} records`
                : `it has ${size} records, the witness has seen ${seen.size}: the log was truncated, or is an older copy`,
            "keep both notes, and find out who changed the log",
        );
    }
    if (old !== seen.size) {
        throw new AuditError(
            `checkpoint of ${origin}`,
            `there is no proof that it extends the ${seen.size} records that the witness has seen`,
            `make the request with qp-tunnel audit prove --since ${seen.size}`,
        );
    }
    const claim = {
        first: { size: seen.size, root: Buffer.from(seen.root, "base64") },
        second: { size, root: Buffer.from(root, "base64") },
        path,
    };
    if (verifyConsistency(claim, primitives)) return;
    throw new AuditError(
        `checkpoint of ${origin}`,
        `it is a different history: its log does not extend the ${seen.size} records that the witness has seen`,
        "keep both notes, and find out who changed the log",
    );
}

function readMemory(path: string): Memory {
    if (!existsSync(path)) return {};
    try {
        return JSON.parse(readFileSync(path, "utf8")) as Memory;
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        // A witness that forgets signs anything.
        throw new AuditError(`witness memory ${path}`, "it is not JSON", "restore it from a copy", { cause: error });
    }
}
