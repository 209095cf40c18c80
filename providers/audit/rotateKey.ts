import { chmodSync, constants, copyFileSync, existsSync, renameSync } from "node:fs";

import type { Signer } from "../../core/audit/primitives.js";
import type { LogOrigin } from "../../core/audit/record.js";
import { shortKey } from "../../core/audit/seal.js";
import { InvalidArgument } from "../../core/errors.js";
import { syncFolder } from "./durable.js";
import { AuditLog, type AuditRef } from "./log.js";
import { defaultKeyFile, isDefault, keyFileOf, loadKeyFile, loadSigningKey } from "./signingKey.js";

/** What a rotation did, and what is left to the person. */
interface Rotation {
    publicKey: string;
    previous: string;
    /** Sequence of the record; undefined when an earlier rotation only had to be finished. */
    sequence?: number;
    /** The file that now holds the key, and where the old key was put. */
    file?: string;
    backup?: string;
    /** What to do now, a sentence. */
    next: string;
}

/**
 * Gives a log another key: writes the record, then puts the next key where the old one was.
 *
 * A key in a file is replaced there, the old one kept beside it (mode 0600). Interrupted, the same call finishes it: the
 * next key is on disk before the record names it. A key in the environment cannot be replaced from here.
 *
 * @param to where the next key is, "file:PATH" (made when it is not there) or "env:NAME"; default: the same file
 */
export async function rotateKey(ref: AuditRef, to?: string): Promise<Rotation> {
    const log = await AuditLog.open(ref, { expectExisting: true });
    const sealed = await log.sealed();
    const file = keyFileOf(ref.signingKey, ref, sealed);
    if (to !== undefined) {
        const next = loadSigningKey(to, ref, true);
        const rotation = await write(log, await log.signingKey(), next);
        return { ...rotation, next: `set signingKey to ${JSON.stringify(to)}, or ${moved(ref, file)}` };
    }
    if (file === undefined) {
        throw new InvalidArgument(
            "--to",
            `the key is in the environment (${ref.signingKey ?? ""}), where this command cannot replace it`,
            "give the next key with --to env:NAME or --to file:PATH, and replace the old one with it afterwards",
        );
    }
    // A file in the manner of earlier versions may also be another stack's: it stays as it is.
    return replaceIn(file, isDefault(ref.signingKey) ? defaultKeyFile(ref) : file, log, ref);
}

async function replaceIn(from: string, file: string, log: AuditLog, origin: LogOrigin): Promise<Rotation> {
    const waiting = `${file}.next`;
    const old = loadKeyFile(from, origin, false);
    const next = loadKeyFile(waiting, origin, true);
    const inForce = (await log.sealed())?.publicKey;
    const rotation =
        inForce === next.publicKey
            ? { publicKey: next.publicKey, previous: old.publicKey }
            : await write(log, old, next);
    const backup = from === file ? keepRetired(file, old) : from;
    if (from !== file && existsSync(file)) keepRetired(file, loadKeyFile(file, origin, false));
    renameSync(waiting, file);
    syncFolder(file);
    return {
        ...rotation,
        file,
        backup,
        next: "copy the new key to every machine that writes this log; the old one is no longer needed",
    };
}

/** Copies a key's file beside itself, before another key takes its place. */
function keepRetired(file: string, { publicKey }: Signer): string {
    const backup = `${file}.retired-${shortKey(publicKey)}`;
    if (!existsSync(backup)) copyFileSync(file, backup, constants.COPYFILE_EXCL);
    chmodSync(backup, 0o600);
    syncFolder(backup);
    return backup;
}

async function write(log: AuditLog, old: Signer, next: Signer): Promise<Omit<Rotation, "next">> {
    if (old.publicKey === next.publicKey) {
        throw new InvalidArgument("--to", "it is already the current key", "choose another key");
    }
    const { sequence } = await log.rotateKey(next);
    return { publicKey: next.publicKey, previous: old.publicKey, sequence };
}

function moved({ signingKey }: AuditRef, file: string | undefined): string {
    return file === undefined ? `set ${signingKey} to that key` : `store that key in ${file}`;
}
