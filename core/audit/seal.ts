import { AuditError } from "../errors.js";
import { canonicalJson } from "./canonical.js";
import { canonicalCapsule, FORMAT, type LogIdentity, type Place } from "./capsule.js";
import { entryOf, entryProblem, isObject, UUID } from "./entry.js";
import { isUsablePublicKey, type Primitives, type Signer } from "./primitives.js";
import type { AuditEntry, AuditLine, LogOrigin, Seal } from "./record.js";

/** Action of a log's first record. */
export const GENESIS_ACTION = "log_created";

/** A line is never longer than this, newline included; a write of this size is not torn by a killed process. */
export const MAX_LINE_BYTES = 256 * 1024;

/**
 * Seals one record behind the one before it.
 *
 * @param entry sanitized (sanitize.ts)
 * @throws AuditError when the entry is not one, or too long
 */
export function sealEntry(
    entry: AuditEntry,
    place: Place,
    log: LogIdentity,
    signer: Signer,
    primitives: Primitives,
): { line: AuditLine; text: string } {
    const problem = entryProblem(entry);
    if (problem !== undefined) {
        throw new AuditError(`audit record ${JSON.stringify(entry.action)}`, problem, "this is a bug: report it");
    }
    if (signer.publicKey !== log.publicKey) {
        throw new AuditError(
            `signing key ${shortKey(signer.publicKey)}`,
            `the log of ${log.project}/${log.stack} is sealed with a different key, ${shortKey(log.publicKey)}`,
            "copy the log's key to this machine",
        );
    }
    const hash = primitives.sha3(canonicalCapsule(entry, place, log));
    const line: AuditLine = {
        ...entryOf(entry),
        capsule: {
            id: place.id,
            sequence: place.sequence,
            previous_hash: place.previous_hash,
            hash,
            signature: signer.sign(hash),
            signed_by: shortKey(signer.publicKey),
        },
    };
    const text = formatLine(line);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_LINE_BYTES) {
        throw new AuditError(
            `audit record ${entry.action}`,
            `it has ${bytes} bytes, and a line at most ${MAX_LINE_BYTES}`,
            "split it",
        );
    }
    return { line, text };
}

/** Seals the record every other record of a log refers to. */
export function sealGenesis(
    entry: Pick<AuditEntry, "timestamp" | "user" | "correlation_id">,
    origin: LogOrigin,
    id: string,
    signer: Signer,
    primitives: Primitives,
    restartedFrom?: string,
): { line: AuditLine; text: string; log: LogIdentity & { genesis: string } } {
    if (!isUsablePublicKey(signer.publicKey)) {
        throw new AuditError("signing key", "its public key is of small order or not canonical", "generate a new key");
    }
    const lost = restartedFrom === undefined ? "" : `; the log that held ${restartedFrom} was lost`;
    const sealed = sealEntry(
        {
            timestamp: entry.timestamp,
            action: GENESIS_ACTION,
            status: "success",
            message: `Log of ${origin.project}/${origin.stack} begun${lost}`,
            user: entry.user,
            details: {
                format: FORMAT,
                project: origin.project,
                stack: origin.stack,
                public_key: signer.publicKey,
                hash: "sha3-256",
                signature: "ed25519",
                ...(restartedFrom === undefined ? {} : { restarted_from: restartedFrom }),
            },
            correlation_id: entry.correlation_id,
        },
        { id, sequence: 0, previous_hash: null },
        { ...origin, publicKey: signer.publicKey, genesis: null },
        signer,
        primitives,
    );
    return { ...sealed, log: { ...origin, publicKey: signer.publicKey, genesis: sealed.line.capsule.hash } };
}

/** The exact bytes of a line as text, newline included. There is one way to write a record. */
export function formatLine(line: AuditLine): string {
    const { timestamp, action, status, message, user, details, correlation_id, capsule } = line;
    const { id, sequence, previous_hash, hash, signature, signed_by } = capsule;
    const fields = [
        member("timestamp", timestamp),
        member("action", action),
        member("status", status),
        member("message", message),
        member("user", user),
        member("details", details),
        member("correlation_id", correlation_id),
        `"capsule":{${[
            member("id", id),
            member("sequence", sequence),
            member("previous_hash", previous_hash),
            member("hash", hash),
            member("signature", signature),
            member("signed_by", signed_by),
        ].join(",")}}`,
    ];
    return `{${fields.join(",")}}\n`;
}

/** A key's short name in a seal: the first 16 hex characters. */
export function shortKey(publicKey: string): string {
    return publicKey.slice(0, 16);
}

/** What keeps a value from being a seal; undefined when nothing does. */
export function sealProblem(value: unknown): string | undefined {
    if (!isObject(value)) return "it has no capsule";
    const { id, sequence, previous_hash, hash, signature, signed_by } = value as Partial<Record<keyof Seal, unknown>>;
    if (!matches(id, UUID)) return "its capsule id is not a lowercase UUID";
    if (typeof sequence !== "number" || !Number.isSafeInteger(sequence) || sequence < 0)
        return "its sequence is not a count";
    if (previous_hash !== null && !matches(previous_hash, HASH)) return "its previous_hash is not a hash";
    if (!matches(hash, HASH)) return "its hash is not 64 lowercase hex characters";
    if (!matches(signature, SIGNATURE)) return "its signature is not 128 lowercase hex characters";
    if (!matches(signed_by, SHORT_KEY)) return "its signed_by is not 16 lowercase hex characters";
    return undefined;
}

const HASH = /^[0-9a-f]{64}$/;
const SIGNATURE = /^[0-9a-f]{128}$/;
const SHORT_KEY = /^[0-9a-f]{16}$/;

function member(key: string, value: unknown): string {
    return `"${key}":${canonicalJson(value)}`;
}

function matches(value: unknown, pattern: RegExp): boolean {
    return typeof value === "string" && pattern.test(value);
}
