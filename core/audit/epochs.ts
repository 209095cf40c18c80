/**
 * Which key seals which records. A log begins with the key its first record names; a rotation is a record sealed by the
 * key in force that names the next one and carries its signature, so that a key cannot be inserted without its private half.
 * From the record behind it on only the new key counts.
 */
import type { AuditError } from "../errors.js";
import { FORMAT, type LogIdentity, type Place } from "./capsule.js";
import { lineError } from "./line.js";
import { isUsablePublicKey, type Primitives, type Signer } from "./primitives.js";
import type { AuditEntry, AuditLine } from "./record.js";

/** Action of the record that changes the log's key. */
export const ROTATION_ACTION = "log_key_rotated";

/** A key and the records it seals: from this sequence to the next epoch's. */
export interface KeyEpoch {
    /** Ed25519, 64 lowercase hex characters. */
    publicKey: string;
    from: number;
    /** Timestamp of the record that put it in force. */
    since: string;
}

/** What a rotation's record says; its place in the log is part of what the next key signs. */
export function rotationDetails(log: LogIdentity, place: Omit<Place, "id">, next: Signer): AuditEntry["details"] {
    return {
        public_key: next.publicKey,
        previous_public_key: log.publicKey,
        proof: next.sign(rotationText(log, place, next.publicKey)),
    };
}

/**
 * Checks a rotation beyond its seal: the record's own signature, and that the next key's owner agreed to this place.
 *
 * @param epochs so far; a retired key never returns
 * @returns the epoch that follows
 */
export function checkRotation(
    line: AuditLine,
    log: LogIdentity,
    epochs: readonly KeyEpoch[],
    name: string,
    number: number,
    primitives: Primitives,
): KeyEpoch {
    const fail = (problem: string): AuditError => lineError(name, number, problem);
    const { public_key, previous_public_key, proof, ...unknown } = line.details;
    if (typeof public_key !== "string" || !isUsablePublicKey(public_key)) throw fail("its new key is not usable");
    if (previous_public_key !== log.publicKey || Object.keys(unknown).length > 0) {
        throw fail("its details are not those of a rotation");
    }
    if (epochs.some(({ publicKey }) => publicKey === public_key)) throw fail("its new key was used before");
    const text = rotationText(log, line.capsule, public_key);
    const signed = typeof proof === "string" && /^[0-9a-f]{128}$/.test(proof);
    if (!signed || !primitives.verify(public_key, text, proof)) throw fail("its new key did not sign its proof");
    return { publicKey: public_key, from: line.capsule.sequence + 1, since: line.timestamp };
}

/** The key that seals the record with this sequence. */
export function epochAt(epochs: readonly KeyEpoch[], sequence: number): KeyEpoch | undefined {
    return epochs.findLast(({ from }) => from <= sequence);
}

function rotationText(log: LogIdentity, { sequence, previous_hash }: Omit<Place, "id">, next: string): string {
    return `${FORMAT} key rotation\n${log.genesis}\n${sequence}\n${previous_hash}\n${log.publicKey}\n${next}\n`;
}
