import fs from "node:fs";

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

/** Opens a file; undefined when it is not there. */
export function openIfThere(disk: Disk, path: string, flags: number): number | undefined {
    try {
        return disk.openSync(path, flags);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
}
