/**
 * Checkpoints of other logs that a log has recorded. Such a record makes each log a witness of the other: it is sealed, pinned and
 * copied with everything else, and no later checkpoint of the other log is recorded that contradicts it.
 *
 * The details of a `log_observe` record:
 *
 * ```
 * origin      qp-tunnel/shop/dev/3f1c…     name of the other log in notes
 * size, root  42, CsUYap…                  its checkpoint
 * signature   — qp-tunnel/shop/dev/… Az3gr… line under the note
 * public_key  6f1c…                        key that signed it
 * replaces    qp-tunnel/shop/dev/90aa…     the log that this one continues after an acknowledged loss
 * ```
 */
import { attempt, AuditError, type TunnelError } from "../errors.js";
import { refuseContradiction } from "./growth.js";
import { type Note, verifyNoteBy } from "./note.js";
import type { Primitives } from "./primitives.js";
import type { Extension } from "./proofText.js";
import type { AuditEntry } from "./record.js";
import { sanitizeText } from "./sanitize.js";

export const OBSERVE_ACTION = "log_observe";

/** A checkpoint of another log, as it is recorded. */
export interface Observation {
    origin: string;
    size: number;
    /** Base64. */
    root: string;
    /** The line under the note that the key made. */
    signature: string;
    publicKey: string;
    replaces?: string;
}

/** The newest checkpoint of each log, by its origin, in the order in which they were recorded first. */
export type Observations = ReadonlyMap<string, Observation>;

/** @returns undefined for a record of another kind */
export function observationIn({ action, status, details }: AuditEntry): Observation | undefined {
    if (action !== OBSERVE_ACTION || status !== "success") return undefined;
    const { origin, size, root, signature, public_key: publicKey, replaces } = details;
    if (typeof origin !== "string" || typeof size !== "number" || typeof root !== "string") return undefined;
    if (typeof publicKey !== "string" || typeof signature !== "string") return undefined;
    return { origin, size, root, signature, publicKey, ...(typeof replaces === "string" ? { replaces } : {}) };
}

/** The inverse of {@link observationIn}. */
export function observationDetails({ publicKey, ...rest }: Observation): Record<string, unknown> {
    return { ...rest, public_key: publicKey };
}

/** The note of a recorded checkpoint. */
export function noteOfObservation({ origin, size, root, signature }: Observation): string {
    return `${origin}\n${size}\n${root}\n\n${signature}\n`;
}

/** @param entries from the oldest */
export function newestObservations(entries: Iterable<AuditEntry>): Observations {
    const newest = new Map<string, Observation>();
    for (const entry of entries) {
        const observed = observationIn(entry);
        if (observed !== undefined) newest.set(observed.origin, observed);
    }
    return newest;
}

/** What is asked of a log: a checkpoint, and the proof that it extends another. */
export type Request = Extension & { parsed: Note };

export interface Judging {
    /** Keys of the other log that the operator compared with its owner. Those that were recorded before are trusted as well. */
    keys: readonly string[];
    /** What this log has recorded. */
    seen: Observations;
    /** Origin of a log whose loss is acknowledged: this one takes its place. */
    replaces?: string | undefined;
    primitives: Pick<Primitives, "sha256" | "verify">;
}

/**
 * What is to be recorded of a checkpoint of another log.
 *
 * @returns undefined when it is recorded already
 * @throws AuditError when no trusted key signed it, when it contradicts what was recorded, and when it takes the place of a log that was
 */
export function judgeObservation(
    request: Request,
    { keys, seen, replaces, primitives }: Judging,
): Observation | undefined {
    const { parsed } = request;
    const { origin, size, root } = parsed;
    refuseUnusable(parsed);
    const before = seen.get(origin);
    const publicKey = signerOf(parsed, before === undefined ? keys : [...keys, before.publicKey], primitives);
    if (before !== undefined) {
        refuseContradiction(request, before, ONLOOKER, primitives);
        if (before.size === size) return undefined;
    } else {
        refuseReplacement(origin, seen, replaces);
    }
    const signature = signatureOf(request, publicKey, primitives);
    const acknowledged = before === undefined && replaces !== undefined ? { replaces } : {};
    return { origin, size, root, signature, publicKey, ...acknowledged };
}

/** What a record could not hold as it was signed, and what no log is. */
function refuseUnusable({ origin, size }: Note): void {
    const fix = "use an unmodified checkpoint";
    if (origin.length > 300 || sanitizeText(origin) !== origin)
        throw new AuditError("checkpoint note", "its first line is not the name of a log", fix);
    if (size === 0) throw new AuditError(`checkpoint of ${origin}`, "it has no records, and every log has one", fix);
}

/** Of all lines under a note the one that the key made: a stranger may have added any number of others. */
function signatureOf({ parsed, note }: Request, publicKey: string, primitives: Judging["primitives"]): string {
    const lines = note.slice(note.indexOf("\n\n") + 2, -1).split("\n");
    const index = parsed.signatures.findIndex((each) => isSignedBy({ ...parsed, signatures: [each] }));
    return lines[index] ?? "";

    function isSignedBy(alone: Note): boolean {
        return (
            attempt(
                () => (verifyNoteBy(alone, publicKey, primitives), true),
                () => undefined,
            ) === true
        );
    }
}

const ONLOOKER = {
    has: "this log has recorded",
    howToProve: (size: number) => `ask its owner for \`qp-tunnel offer LOG --since ${size}\``,
};

/** The first of the trusted keys that signed a note. */
function signerOf(note: Note, keys: readonly string[], primitives: Judging["primitives"]): string {
    let problem: TunnelError | undefined;
    for (const key of keys) {
        const signed = attempt(
            () => (verifyNoteBy(note, key, primitives), key),
            (error) => (problem ??= error),
        );
        if (signed !== undefined) return signed;
    }
    if (problem === undefined)
        throw new AuditError(
            `checkpoint of ${note.origin}`,
            "this log has recorded none of that log yet, so no key of it is trusted",
            "give its public key with --key, as its owner tells you",
        );
    const fix = "ask its owner; if the key was rotated, give the new one with --key";
    throw new AuditError(`checkpoint of ${note.origin}`, `no trusted key signed it: ${problem.problem}`, fix);
}

/** A log that begins again under the same name has lost what was recorded of it, or hides it. */
function refuseReplacement(origin: string, seen: Observations, replaces: string | undefined): void {
    const earlier = [...seen.keys()].filter((each) => stackOf(each) === stackOf(origin)).at(-1);
    if (replaces !== undefined && replaces === earlier) return;
    if (replaces !== undefined) {
        const problem = `${replaces} is not the log of that stack which this log has recorded last`;
        throw new AuditError(
            `checkpoint of ${origin}`,
            problem,
            `omit --replaces${earlier ? `, or give ${earlier}` : ""}`,
        );
    }
    if (earlier === undefined) return;
    throw new AuditError(
        `checkpoint of ${origin}`,
        `it is a different log: this log has recorded ${seen.get(earlier)?.size} records of ${earlier}`,
        `ask its owner what became of that log; if its loss is explained, acknowledge it with --replaces ${earlier}`,
    );
}

/** Without the part that is each log's own. */
function stackOf(origin: string): string {
    return origin.slice(0, origin.lastIndexOf("/"));
}
