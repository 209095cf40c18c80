/** Writing that is on disk when it returns, or throws. */
import { closeSync, constants, fstatSync, fsyncSync, openSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";

/** A write may be short without an error, for instance just before the disk is full. */
export function writeAll(file: number, bytes: Buffer): void {
    for (let written = 0; written < bytes.length;) {
        written += writeSync(file, bytes, written, bytes.length - written);
    }
}

/** Writes torn bytes to a new file beside the log and returns its name. */
export function keepAside(path: string, bytes: Buffer): string {
    for (let number = 1; ; number++) {
        const side = `${path}.torn-${number}`;
        let file: number;
        try {
            file = openSync(side, "wx", 0o600);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
            throw error;
        }
        try {
            writeAll(file, bytes);
            fsyncSync(file);
        } finally {
            closeSync(file);
        }
        syncFolder(side);
        return basename(side);
    }
}

/** A new file's name is on disk only when its folder is. */
export function syncFolder(path: string): void {
    const folder = openSync(dirname(path), constants.O_RDONLY);
    try {
        fsyncSync(folder);
    } finally {
        closeSync(folder);
    }
}

/** Changes whenever somebody writes to the file or puts another in its place. */
export function stampOf(file: number): string {
    const { ino, size, mtimeNs } = fstatSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
}
