/** Checks one line of a log: the steps every reader takes, whether it reads the whole log or only its end. */
import { AuditError } from "../errors.js";
import { canonicalCapsule, FORMAT, type LogIdentity } from "./capsule.js";
import { entryProblem } from "./entry.js";
import { isUsablePublicKey, type Primitives } from "./primitives.js";
import type { AuditLine, LogOrigin } from "./record.js";
import { formatLine, GENESIS_ACTION, MAX_LINE_BYTES, sealProblem, shortKey } from "./seal.js";

/**
 * Parses a line and demands that it is, byte for byte, what we would have written.
 *
 * @param bytes with its newline
 * @param name what errors call the file
 * @param number the line's, from 1
 */
export function checkLine(bytes: Uint8Array, name: string, number: number): AuditLine {
    if (bytes.length > MAX_LINE_BYTES) throw lineError(name, number, `it is longer than ${MAX_LINE_BYTES} bytes`);
    let text: string;
    let line: AuditLine;
    try {
        text = UTF8.decode(bytes);
        line = JSON.parse(text) as AuditLine;
    } catch {
        throw lineError(name, number, "it is not a line of JSON");
    }
    const problem = entryProblem(line) ?? sealProblem(line.capsule);
    if (problem !== undefined) throw lineError(name, number, problem);
    if (written(line) !== text) throw lineError(name, number, "it is not in the log's canonical encoding");
    return line;
}

/**
 * Checks a log's first line, which says what the log is.
 *
 * @param expect what it must be bound to
 */
export function checkGenesis(
    line: AuditLine,
    name: string,
    primitives: Pick<Primitives, "sha3">,
    expect: Partial<LogIdentity> = {},
): { log: LogIdentity & { genesis: string }; restartedFrom?: string } {
    const { format, project, stack, public_key, hash, signature, restarted_from, ...unknown } = line.details;
    const fail = (problem: string) => lineError(name, 1, problem);
    if (line.action !== GENESIS_ACTION)
        throw fail(`it is not a ${GENESIS_ACTION} record: the log's beginning is missing`);
    if (format !== FORMAT) throw fail(`its format is not ${FORMAT}`);
    if (typeof project !== "string" || typeof stack !== "string") throw fail("it does not contain project and stack");
    if (typeof public_key !== "string" || !isUsablePublicKey(public_key))
        throw fail("its public key is not a usable one");
    if (hash !== "sha3-256" || signature !== "ed25519" || Object.keys(unknown).length > 0) {
        throw fail("its details are not those of a first record");
    }
    if (restarted_from !== undefined && typeof restarted_from !== "string")
        throw fail("its restarted_from is not a hash");
    const log = { project, stack, publicKey: public_key, genesis: line.capsule.hash };
    checkSeal(line, undefined, { ...log, genesis: null }, name, 1, primitives);
    checkIdentity(log, name, expect);
    return restarted_from === undefined ? { log } : { log, restartedFrom: restarted_from };
}

/**
 * Checks a line's place in the chain and its hash; not its signature.
 *
 * @param previous the line before it; undefined for the first
 */
export function checkSeal(
    line: AuditLine,
    previous: AuditLine | undefined,
    log: LogIdentity,
    name: string,
    number: number,
    primitives: Pick<Primitives, "sha3">,
): void {
    const { sequence, previous_hash } = line.capsule;
    if (sequence !== number - 1) {
        throw lineError(
            name,
            number,
            `its sequence is ${sequence}, not ${number - 1}: lines are missing, duplicated or swapped`,
        );
    }
    if (previous_hash !== (previous?.capsule.hash ?? null)) {
        throw lineError(name, number, "its previous_hash is not the hash of the line before it");
    }
    checkHash(line, log, name, number, primitives);
}

/** Checks that a line's content is what its hash says, and that it claims the log's key. */
export function checkHash(
    line: AuditLine,
    log: LogIdentity,
    name: string,
    number: number,
    primitives: Pick<Primitives, "sha3">,
): void {
    if (line.capsule.signed_by !== shortKey(log.publicKey)) {
        throw lineError(
            name,
            number,
            `it is sealed by the key ${line.capsule.signed_by}, the log's is ${shortKey(log.publicKey)}`,
        );
    }
    if (primitives.sha3(canonicalCapsule(line, line.capsule, log)) !== line.capsule.hash) {
        throw lineError(name, number, "its content does not match its hash");
    }
}

export function checkSignature(
    line: AuditLine,
    log: LogIdentity,
    name: string,
    number: number,
    primitives: Pick<Primitives, "verify">,
): void {
    if (!primitives.verify(log.publicKey, line.capsule.hash, line.capsule.signature)) {
        throw wrongSignature(name, number);
    }
}

export function wrongSignature(name: string, number: number): AuditError {
    return lineError(name, number, "its signature is not the log's key's");
}

/** What is wrong with a line, and the only thing to do about it. */
export function lineError(name: string, number: number, problem: string): AuditError {
    return new AuditError(
        `line ${number} of ${name}`,
        problem,
        "restore the log from version control or its mirror, and find out who changed it",
    );
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** undefined when the line holds something that has no written form. */
function written(line: AuditLine): string | undefined {
    try {
        return formatLine(line);
    } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
    }
}

function checkIdentity(log: LogIdentity & LogOrigin, name: string, expect: Partial<LogIdentity>): void {
    const differs = (["project", "stack", "publicKey", "genesis"] as const).find(
        (field) => expect[field] !== undefined && expect[field] !== log[field],
    );
    if (differs === undefined) return;
    const word = { project: "project", stack: "stack", publicKey: "key", genesis: "log" }[differs];
    throw new AuditError(
        `line 1 of ${name}`,
        word === "log"
            ? `it is a different log: ${log[differs]}, not ${expect[differs]}`
            : `it is the log of a different ${word}: ${log[differs]}, not ${expect[differs]}`,
        "point to the log of this stack",
    );
}
