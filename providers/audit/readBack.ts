import type { LogIdentity } from "../../core/audit/capsule.js";
import { checkRotation, type KeyEpoch, ROTATION_ACTION } from "../../core/audit/epochs.js";
import { checkGenesis, checkLine, checkSeal, checkSignature } from "../../core/audit/line.js";
import type { AuditLine } from "../../core/audit/record.js";
import { shortKey } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import type { Ends } from "./ends.js";
import { nativePrimitives } from "./primitives.js";

/**
 * Reads lines as every command will read them, before a byte of them is written: what is refused later must not be
 * written.
 *
 * @param found what they are written behind; undefined when the first of them begins the log
 * @throws AuditError; the log is as it was
 */
export function readBack(texts: readonly string[], found: Ends | undefined, name: string): void {
    let [last, log, keys]: [AuditLine | undefined, LogIdentity | undefined, readonly KeyEpoch[]] =
        found === undefined ? [undefined, undefined, []] : [found.last, found.log, found.keys];
    for (const text of texts) {
        const number = (last?.capsule.sequence ?? -1) + 2;
        try {
            const line = checkLine(Buffer.from(text), name, number);
            if (log === undefined) {
                log = checkGenesis(line, name, nativePrimitives).log;
                keys = [{ publicKey: log.publicKey, from: 0, since: line.timestamp }];
            } else {
                checkSeal(line, last, log, name, number, nativePrimitives);
            }
            checkSignature(line, log, name, number, nativePrimitives);
            if (line.action === ROTATION_ACTION) {
                const epoch = checkRotation(line, log, keys, name, number, nativePrimitives);
                keys = [...keys, epoch];
                log = { ...log, publicKey: epoch.publicKey };
            }
            last = line;
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            throw new AuditError(
                `line ${number} of ${name}`,
                `${error.problem}: readers would reject it, so it was not written`,
                "this is a bug: report it; the log is as it was",
                { cause: error },
            );
        }
    }
}

/** @throws AuditError when a key sealed this log before: a retired key never returns */
export function refuseUsedKey(publicKey: string, keys: readonly KeyEpoch[], name: string): void {
    const index = keys.findIndex((epoch) => epoch.publicKey === publicKey);
    if (index < 0) return;
    const next = keys[index + 1];
    throw new AuditError(
        `signing key ${shortKey(publicKey)}`,
        next === undefined
            ? `it is already the key of ${name}`
            : `${name} was sealed with it until line ${next.from}, and a retired key cannot be used again`,
        "choose a key that this log has never used; nothing was written",
    );
}
