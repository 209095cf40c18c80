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
 * Writes a secret to a file of mode 0600, whole or not at all.
 *
 * @throws InvalidArgument when a file is there that others can read: then it has been one of other people's already
 */
export function writePrivateFile(path: string, content: string | Uint8Array, option: string): void {
    const there = statusOf(path);
    if (there !== undefined && !there.isFile())
        throw new InvalidArgument(`${option} ${path}`, "is no file", "name a file that may be made");
    if (there !== undefined && isOpenToOthers(there)) {
        throw new InvalidArgument(
            `${option} ${path}`,
            "is there already, and others than its owner can read it",
            "remove it, or close it with chmod 600",
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
 * That what this process prints does not land in a file that others can read: a shell's `>` makes files as the umask says.
 *
 * @param descriptor 1 for standard output
 */
export function refuseOpenOutput(descriptor: number, option: string): void {
    const status = fstatSync(descriptor);
    if (!status.isFile() || !isOpenToOthers(status)) return;
    throw new InvalidArgument(
        "standard output",
        "goes to a file that others than its owner can read",
        `give ${option}, or set umask 077 before`,
    );
}

function isOpenToOthers({ mode }: Stats): boolean {
    return (mode & 0o077) !== 0;
}

function statusOf(path: string): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
}
