import { AuditError } from "../errors.js";
import type { Primitives } from "./primitives.js";
import { verifyConsistency } from "./proof.js";
import type { Extension } from "./proofText.js";
import type { Note } from "./note.js";

/** A checkpoint that was seen of a log. */
export interface Seen {
    size: number;
    /** Base64. */
    root: string;
}

/** Who has seen it, in the words of an error. */
export interface Onlooker {
    /** "the witness has seen", before what it has. */
    has: string;
    /** How a proof from a size on is had. */
    howToProve: (size: number) => string;
}

/**
 * Refuses a checkpoint whose log does not begin with the one that was seen last, or that is not proven to.
 *
 * @throws AuditError naming what contradicts what was seen
 */
export function refuseContradiction(
    { parsed: { origin, size, root }, old, path }: Pick<Extension, "old" | "path"> & { parsed: Note },
    seen: Seen,
    { has, howToProve }: Onlooker,
    primitives: Pick<Primitives, "sha256">,
): void {
    if (size === seen.size && root === seen.root) return;
    const subject = `checkpoint of ${origin}`;
    const fix = "keep both notes, and find out who changed the log";
    if (size === seen.size)
        throw new AuditError(subject, `it is a different history: ${has} another root for ${size} records`, fix);
    if (size < seen.size) {
        const problem = `it has ${size} records, ${has} ${seen.size}: the log was truncated, or is an older copy`;
        throw new AuditError(subject, problem, fix);
    }
    if (old !== seen.size) {
        const problem = `there is no proof that it extends the ${seen.size} records that ${has}`;
        throw new AuditError(subject, problem, howToProve(seen.size));
    }
    const claim = {
        first: { size: seen.size, root: Buffer.from(seen.root, "base64") },
        second: { size, root: Buffer.from(root, "base64") },
        path,
    };
    if (verifyConsistency(claim, primitives)) return;
    const problem = `it is a different history: its log does not extend the ${seen.size} records that ${has}`;
    throw new AuditError(subject, problem, fix);
}
