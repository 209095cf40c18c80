import {
    closeSync,
    fstatSync,
    fsyncSync,
    lstatSync,
    openSync,
    renameSync,
    rmSync,
    writeSync,
    type Stats,
} from "node:fs";

import { InvalidArgument } from "../core/errors.js";

/**
 * Writes a secret to a file of mode 0600, atomically.
 *
 * @throws InvalidArgument when a file exists that other users can read, because they may have it open
 */
export function writePrivateFile(path: string, content: string | Uint8Array, option: string): void {
    const there = statusOf(path);
    if (there !== undefined && !there.isFile())
        throw new InvalidArgument(`${option} ${path}`, "is not a regular file", "give the name of a new file");
    if (there !== undefined && isOpenToOthers(there)) {
        throw new InvalidArgument(
            `${option} ${path}`,
            "already exists, and other users can read it",
            "remove it, or run chmod 600 on it",
        );
    }
    const temporary = `${path}.${process.pid}.new`;
    const file = openSync(temporary, "wx", 0o600);
    try {
        const bytes = typeof content === "string" ? Buffer.from(content) : content;
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
        fsyncSync(file);
        renameSync(temporary, path);
    } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
    } finally {
        closeSync(file);
    }
}

/**
 * Checks that standard output is not a file that others can read: a shell's `>` creates files with the umask's mode.
 *
 * @param descriptor 1 for standard output
 */
export function refuseOpenOutput(descriptor: number, option: string): void {
    const status = fstatSync(descriptor);
    if (!status.isFile() || !isOpenToOthers(status)) return;
    throw new InvalidArgument(
        "standard output",
        "goes to a file that other users can read",
        `use ${option}, or set umask 077 first`,
    );
}

function isOpenToOthers({ mode }: Stats): boolean {
    return (mode & 0o077) !== 0;
}

function statusOf(path: string): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
}
