import { existsSync, readFileSync } from "node:fs";

import { InvalidArgument } from "../core/errors.js";

/**
 * The text of a file that a command is given.
 *
 * @param fix what to do where there is none
 * @param subject how an error calls it
 * @throws InvalidArgument when it is not there
 */
export function readGivenFile(path: string, fix: string, subject = path): string {
    if (!existsSync(path)) throw new InvalidArgument(subject, "there is no such file", fix);
    return readFileSync(path, "utf8");
}
