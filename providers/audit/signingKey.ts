import { randomBytes } from "node:crypto";
import {
    chmodSync,
    closeSync,
    constants,
    existsSync,
    fstatSync,
    mkdirSync,
    openSync,
    readFileSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import type { LogIdentity } from "../../core/audit/capsule.js";
import type { Signer } from "../../core/audit/primitives.js";
import type { LogOrigin } from "../../core/audit/record.js";
import { AuditError } from "../../core/errors.js";
import { configFolder, inProject } from "./paths.js";
import { nativeSigner } from "./primitives.js";

/** The log that a key is wanted for: what it was begun as, and the key that is in force. */
export type Sealed = Pick<LogIdentity, "project" | "stack" | "publicKey">;

/**
 * The key that seals a log.
 *
 * @param reference "file:PATH" or "env:NAME", holding a 32-byte Ed25519 seed in hex or base64; default: one file per project
 *   and stack in the user's configuration directory
 * @param create whether a key may be made when the file is not there: only for a new log
 * @param sealed the log as it is; absent: there is none yet
 * @throws AuditError when there is no key, it is not one, or others can read it
 */
export function loadSigningKey(
    reference: string | undefined,
    origin: LogOrigin,
    create: boolean,
    sealed?: Sealed,
): Signer {
    const { scheme, value } = parseReference(reference, origin);
    if (scheme === "env") return nativeSigner(fromEnvironment(value));
    if (!isDefault(reference)) return loadKeyFile(value, origin, create);
    return loadKeyFile(defaultFileOf(origin, sealed), origin, create);
}

/** The same for the path of a key's file. */
export function loadKeyFile(path: string, origin: LogOrigin, create: boolean): Signer {
    return nativeSigner(fromFile(inProject(path, origin.project), create));
}

/** Absolute path of the file that a reference names; undefined for one in the environment. */
export function keyFileOf(reference: string | undefined, origin: LogOrigin, sealed?: Sealed): string | undefined {
    if (isDefault(reference)) return defaultFileOf(origin, sealed);
    const { scheme, value } = parseReference(reference, origin);
    return scheme === "file" ? inProject(value, origin.project) : undefined;
}

/** Whether nothing is said of where the key is. */
export function isDefault(reference: string | undefined): boolean {
    return reference === undefined || reference === "file:";
}

/**
 * The file that holds the key in force: under the name the stack has now, the one it had when the log began, or the name
 * earlier versions gave it, which two stacks could share. Without a log such a shared file is not used.
 */
function defaultFileOf(origin: LogOrigin, sealed: Sealed | undefined): string {
    const own = defaultKeyFile(origin);
    if (sealed === undefined) return own;
    const files = [own, defaultKeyFile(sealed), formerKeyFile(origin), formerKeyFile(sealed)];
    const there = [...new Set(files)].filter((file) => existsSync(file));
    return there.find((file) => isKeyFileOf(file, sealed.publicKey)) ?? there[0] ?? own;
}

/** A file that cannot be read as a key is not the one; it is complained about when it is the only one. */
function isKeyFileOf(file: string, publicKey: string): boolean {
    try {
        return nativeSigner(fromFile(file, false)).publicKey === publicKey;
    } catch (error) {
        if (error instanceof AuditError) return false;
        throw error;
    }
}

function parseReference(reference: string | undefined, origin: LogOrigin): { scheme: "file" | "env"; value: string } {
    const given = isDefault(reference) ? `file:${defaultKeyFile(origin)}` : (reference ?? "");
    const [, scheme, value] = /^(file|env):(.+)$/su.exec(given) ?? [];
    if (scheme === undefined || value === undefined) {
        // The value may be the key itself, so the error must not contain it.
        throw new AuditError("signingKey", "it starts with neither file: nor env:", "write file:PATH or env:NAME");
    }
    return { scheme: scheme as "file" | "env", value };
}

/** Where the key of a stack is made when nothing else is said: no two stacks share a file. */
export function defaultKeyFile({ project, stack }: LogOrigin): string {
    return join(configFolder(), "pulumi-qp-tunnel/keys", fileName(project), `${fileName(stack)}.key`);
}

/** What earlier versions called it: `a-b-c.key` for the stack c of a-b, and for b-c of a. */
export function formerKeyFile({ project, stack }: LogOrigin): string {
    const name = `${project}-${stack}`.replace(/[^A-Za-z0-9_.-]/gu, "_");
    return join(configFolder(), "pulumi-qp-tunnel", `${name}.key`);
}

/** One name a text, and never one that leads elsewhere. */
function fileName(text: string): string {
    return encodeURIComponent(text).replace(/^\./, "%2E");
}

function fromEnvironment(name: string): Uint8Array {
    const value = process.env[name];
    if (value === undefined || value === "") {
        throw new AuditError(
            `signingKey env:${name}`,
            "the variable is not set",
            "set it to the 32-byte seed of the log's key, in hex or base64",
        );
    }
    return decodeSeed(value, `signingKey env:${name}`);
}

function fromFile(path: string, create: boolean): Uint8Array {
    const subject = `signing key ${path}`;
    const found = readPrivately(path, subject);
    if (found !== undefined) return decodeSeed(found, subject);
    if (create) return makeKey(path, subject);
    throw new AuditError(
        subject,
        "it is not on this machine, and the log is sealed with it",
        "copy the key from the machine that wrote the log, or give it with signingKey: env:NAME; a new key cannot continue the log",
    );
}

/** undefined when there is no such file. */
function readPrivately(path: string, subject: string): string | undefined {
    let file: number | undefined;
    try {
        // A pipe without a writer would be waited for.
        file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        const status = fstatSync(file);
        if (!status.isFile()) throw new AuditError(subject, "it is not a regular file", "give a file with the key");
        if ((status.mode & 0o077) !== 0) {
            throw new AuditError(subject, "other users can read it", `chmod 600 ${path}`);
        }
        return readFileSync(file, "utf8");
    } catch (error) {
        if (error instanceof AuditError) throw error;
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new AuditError(subject, `it cannot be read: ${(error as Error).message}`, "make it readable", {
            cause: error,
        });
    } finally {
        if (file !== undefined) closeSync(file);
    }
}

function makeKey(path: string, subject: string): Uint8Array {
    const seed = randomBytes(32);
    try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        writeFileSync(path, `${seed.toString("hex")}\n`, { flag: "wx", mode: 0o600, flush: true });
        chmodSync(path, 0o600);
    } catch (error) {
        throw new AuditError(
            subject,
            `it cannot be created: ${(error as Error).message}`,
            "make the directory writable, or set signingKey",
            { cause: error },
        );
    }
    return seed;
}

/** The text is a secret: no error repeats it. */
function decodeSeed(text: string, subject: string): Uint8Array {
    const trimmed = text.trim();
    const seed = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, "hex") : Buffer.from(trimmed, "base64");
    const whole = /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/.test(trimmed);
    if (!whole || seed.length !== 32) {
        throw new AuditError(
            subject,
            "it is not a 32-byte seed in hex or base64",
            "store 64 hex characters or 44 of base64",
        );
    }
    return seed;
}
