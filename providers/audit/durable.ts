/** Writing that is on disk when it returns, or throws. */
import { constants } from "node:fs";
import { basename, dirname } from "node:path";

import { type Disk, realDisk } from "./disk.js";

/** A write may be short without an error, for instance just before the disk is full. */
export function writeAll(file: number, bytes: Uint8Array, disk: Disk = realDisk): void {
    for (let written = 0; written < bytes.length;) {
        written += disk.writeSync(file, bytes, written, bytes.length - written);
    }
}

/** Writes torn bytes to a new file beside the log and returns its name. */
export function keepAside(path: string, bytes: Buffer, disk: Disk = realDisk): string {
    for (let number = 1; ; number++) {
        const side = `${path}.torn-${number}`;
        let file: number;
        try {
            file = disk.openSync(side, "wx", 0o600);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
            throw error;
        }
        try {
            writeAll(file, bytes, disk);
            disk.fsyncSync(file);
        } finally {
            disk.closeSync(file);
        }
        syncFolder(side, disk);
        return basename(side);
    }
}

/** Puts a whole file in place of another, or none, atomically. Mode 0600. */
export function replaceFile(path: string, content: Iterable<Uint8Array>, disk: Disk = realDisk): void {
    const temporary = `${path}.${process.pid}.new`;
    const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
    const file = disk.openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
    try {
        for (const bytes of content) writeAll(file, bytes, disk);
        disk.fsyncSync(file);
    } finally {
        disk.closeSync(file);
    }
    disk.renameSync(temporary, path);
    syncFolder(path, disk);
}

/** A new file's name is on disk only when its folder is. */
export function syncFolder(path: string, disk: Disk = realDisk): void {
    const folder = disk.openSync(dirname(path), constants.O_RDONLY);
    try {
        disk.fsyncSync(folder);
    } finally {
        disk.closeSync(folder);
    }
}

/** Changes whenever the file is written or replaced. */
export function stampOf(file: number, disk: Disk = realDisk): string {
    const { ino, size, mtimeNs } = disk.fstatSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
}
