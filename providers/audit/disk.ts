import fs from "node:fs";

import { AuditError } from "../../core/errors.js";

/** Every call by which a log reaches the file system, so that tests can let each of them fail. */
export type Disk = Pick<
    typeof fs,
    | "openSync"
    | "closeSync"
    | "readSync"
    | "writeSync"
    | "fstatSync"
    | "fsyncSync"
    | "fdatasyncSync"
    | "ftruncateSync"
    | "mkdirSync"
    | "readdirSync"
    | "renameSync"
>;

export const realDisk: Disk = fs;

/** Opens a file; undefined when it is not there. Whatever else has that name is refused: a pipe would be waited for. */
export function openIfThere(disk: Disk, path: string, flags: number): number | undefined {
    let file: number;
    try {
        file = disk.openSync(path, flags | fs.constants.O_NONBLOCK);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") return undefined;
        if (code === "EISDIR" || code === "ENXIO") throw irregular(path);
        throw error;
    }
    try {
        refuseIrregular(disk.fstatSync(file), path);
        return file;
    } catch (error) {
        disk.closeSync(file);
        throw error;
    }
}

export function refuseIrregular(status: { isFile(): boolean }, path: string): void {
    if (!status.isFile()) throw irregular(path);
}

function irregular(path: string): AuditError {
    return new AuditError(
        path,
        "it is not a regular file: a log is never a folder, a pipe or a device",
        "choose another file, or remove what is there",
    );
}
