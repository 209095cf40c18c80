import { closeSync, openSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";

import { AuditError } from "../../core/errors.js";

const WAIT_MS = 10_000;
/** Writers hold the lock for about a millisecond. */
const POLL_MS = 20;
const SQLITE_BUSY = 5;

/**
 * Keeps other processes from writing to a log until the returned function is called.
 *
 * The lock is SQLite's write lock on an empty side file: the kernel releases it when the process dies, so there is no stale
 * lock to guess about, which every scheme of lock files with a process id or a date gets wrong at times.
 *
 * @param path the side file; it stays, empty: removing it would let two writers lock two different files
 * @param name what errors call the log
 * @param wait milliseconds; default 10 s
 * @throws AuditError when another writer holds it all that time
 */
export async function lockFile(path: string, name: string, wait = WAIT_MS): Promise<() => void> {
    const database = open(path, name);
    try {
        const deadline = performance.now() + wait;
        while (!tryLock(database)) {
            if (performance.now() >= deadline) {
                throw new AuditError(
                    name,
                    `another writer has held its lock for more than ${wait / 1000} s`,
                    "wait for the other update to end, or find out who holds the file (fuser, lsof)",
                );
            }
            await pause(POLL_MS);
        }
    } catch (error) {
        database.close();
        throw error;
    }
    return () => database.close();
}

function open(path: string, name: string): DatabaseSync {
    const sqlite = loadSqlite();
    if (sqlite === undefined) {
        throw new AuditError(
            "Node.js",
            `version ${process.versions.node} has no node:sqlite`,
            "use Node.js 22.13 or newer",
        );
    }
    try {
        createPrivately(path);
        refuseForeign(path, name);
        return new sqlite.DatabaseSync(path, { timeout: 0 });
    } catch (error) {
        if (error instanceof AuditError) throw error;
        throw new AuditError(name, `its lock cannot be opened: ${(error as Error).message}`, `make ${path} writable`, {
            cause: error,
        });
    }
}

function tryLock(database: DatabaseSync): boolean {
    try {
        database.exec("BEGIN IMMEDIATE");
        return true;
    } catch (error) {
        if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
        throw error;
    }
}

/** Never opened when it is there: closing any descriptor of a file drops the locks this process holds on it. */
function createPrivately(path: string): void {
    try {
        closeSync(openSync(path, "wx", 0o600));
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
}

/** A lock is an empty file; SQLite would call anything else a broken database, and wait for a pipe. */
function refuseForeign(path: string, name: string): void {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isFile() && status.size === 0) return;
    throw new AuditError(
        name,
        `its lock ${path} must be an empty file`,
        "remove it while no update is running; the next one creates it again",
    );
}

/** Node 22 calls the module experimental on stderr, in the middle of the engine's output. */
function loadSqlite(): typeof import("node:sqlite") | undefined {
    const { emitWarning } = process;
    process.emitWarning = () => undefined;
    try {
        return process.getBuiltinModule("node:sqlite");
    } finally {
        process.emitWarning = emitWarning;
    }
}
