import { existsSync, readFileSync } from "node:fs";

import { refuseContradiction } from "../../core/audit/growth.js";
import { cosign, type Note, verifyNoteBy } from "../../core/audit/note.js";
import type { Signer } from "../../core/audit/primitives.js";
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
        if (seen !== undefined) refuseContradiction(request, seen, ONLOOKER, primitives);
        const updated = JSON.stringify({ ...known, [origin]: { size, root } }, undefined, 4);
        replaceFile(memory, [Buffer.from(`${updated}\n`)]);
        const signed = note + cosign(parsed, name, seconds, signer, primitives);
        return { origin, size, root, publicKey: signer.publicKey, note: signed };
    } finally {
        unlock();
    }
}

const ONLOOKER = {
    has: "the witness has seen",
    howToProve: (size: number) => `make the request with qp-tunnel audit prove --since ${size}`,
};

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
