import { MerkleTree } from "../../core/audit/merkle.js";
import { noteOrigin, parseNote, verifyNoteBy } from "../../core/audit/note.js";
import { type Observation, noteOfObservation, observationIn } from "../../core/audit/observed.js";
import { AuditError } from "../../core/errors.js";
import { nativePrimitives as primitives } from "../../providers/audit/primitives.js";
import { verifyFile } from "../../providers/audit/verifyFile.js";
import type { Intact } from "./intact.js";

/** What another log has recorded of this one. */
export interface Onlooker {
    file: string;
    checkpoints: number;
    /** Records of this log at the last of them. */
    size: number;
}

/**
 * Compares a log with what other logs have recorded of it.
 *
 * @param files other logs, which are verified as well
 * @throws AuditError when one of them is not intact, has recorded nothing of this log, or has recorded what this log does not have
 */
export async function observedBy(files: readonly string[], log: Intact): Promise<Onlooker[]> {
    const found = await Promise.all(
        files.map(async (file) => ({ file, observations: await observationsIn(file, noteOrigin(log.verdict.log)) })),
    );
    const roots = rootsAt(new Set(found.flatMap(({ observations }) => observations.map(({ size }) => size))), log);
    return found.map(({ file, observations }) => {
        for (const observed of observations) compare(observed, roots.get(observed.size), file, log);
        return { file, checkpoints: observations.length, size: observations.at(-1)?.size ?? 0 };
    });
}

async function observationsIn(file: string, origin: string): Promise<Observation[]> {
    const observations: Observation[] = [];
    const others: string[] = [];
    await verifyFile(file, {
        mode: "full",
        tail: "ignore",
        onRecord: ({ line }) => {
            const observed = observationIn(line);
            if (observed?.origin === origin) observations.push(observed);
            else if (observed !== undefined) others.push(observed.origin);
        },
    });
    if (observations.length > 0) return observations;
    const last = others.at(-1);
    throw new AuditError(
        file,
        `it has recorded no checkpoint of ${origin}${last === undefined ? "" : `, only of ${last}`}`,
        "give the log in which this one's checkpoints are recorded with qp-tunnel audit observe",
    );
}

/** Roots of a log at some of its sizes. */
function rootsAt(sizes: ReadonlySet<number>, { records }: Intact): Map<number, string> {
    const tree = new MerkleTree(primitives);
    const roots = new Map<number, string>();
    for (const { bytes } of records()) {
        tree.append(bytes.subarray(0, -1));
        if (sizes.has(tree.size)) roots.set(tree.size, tree.root());
    }
    return roots;
}

function compare(observed: Observation, root: string | undefined, file: string, { verdict }: Intact): void {
    const { origin, size } = observed;
    if (root === observed.root) return;
    const isOwn = verdict.keys.some(({ publicKey }) => publicKey === observed.publicKey);
    verifyNoteBy(parseNote(noteOfObservation(observed)), observed.publicKey, primitives);
    const signed = isOwn ? ", signed by a key of this log" : "";
    throw new AuditError(
        origin,
        root === undefined
            ? `it has ${verdict.size} records, and ${file} has recorded ${size}${signed}: the log was truncated, or is an older copy`
            : `its first ${size} records are not those that ${file} has recorded${signed}: the log was changed`,
        "restore the log from version control or its mirror, and find out who changed it",
    );
}
