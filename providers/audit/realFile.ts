import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { AuditError } from "../../core/errors.js";

/**
 * The one path of a log, whatever symbolic links lead to it: lock and segments are beside the file itself, so that two
 * names of it are one log. A file that is not there yet is where its folder really is.
 *
 * @param name what errors call it
 * @throws AuditError when a link leads nowhere
 */
export function realFile(path: string, name: string): string {
    const absolute = resolve(path);
    return real(absolute, name) ?? join(realFolder(dirname(absolute), name), basename(absolute));
}

/** Of a folder that is not there, as far as there is one. */
function realFolder(folder: string, name: string): string {
    const found = real(folder, name);
    if (found !== undefined || folder === dirname(folder)) return found ?? folder;
    return join(realFolder(dirname(folder), name), basename(folder));
}

function real(path: string, name: string): string | undefined {
    try {
        return realpathSync(path);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" && !isLink(path)) return undefined;
        if (code !== "ENOENT" && code !== "ELOOP") throw error;
        throw new AuditError(
            name,
            code === "ELOOP" ? "it is a symbolic link to itself" : `${path} is a broken symbolic link`,
            "create its target, or remove the link",
        );
    }
}

function isLink(path: string): boolean {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
