/** Whose log a file is: a log is of one stack, and goes on when that is renamed. */
import { checkLine } from "../../core/audit/line.js";
import type { LogOrigin } from "../../core/audit/record.js";
import { RENAME_ACTION } from "../../core/audit/renames.js";
import { AuditError } from "../../core/errors.js";
import { type Ends, lineNumber } from "./ends.js";
import type { LogFile } from "./logFile.js";
import { misplaced } from "./misplaced.js";
import { linesBackwards } from "./read.js";

/**
 * That a log is this stack's: it says so, what the state pins shows it, or the record of a rename.
 *
 * @param name what messages call the file
 * @param pinned name of the log that the state remembers
 * @throws AuditError when it is another stack's
 */
export function checkOrigin(
    file: LogFile,
    name: string,
    { project, stack }: LogOrigin,
    { log }: Ends,
    pinned?: string,
): void {
    const origin = { project, stack };
    if (pinned === log.genesis) file.learnName(pinned, origin);
    if ((log.project === project && log.stack === stack) || file.hasName(log.genesis, origin)) return;
    // Whose log it is matters no more than that it is not the one that is remembered.
    const remembered = pinned === undefined ? undefined : misplaced(file.path, name, 1, pinned);
    if (remembered !== undefined) throw remembered;
    if (!tellsOfRename(file, name, origin)) {
        const [word, theirs, ours] =
            log.project === project ? ["stack", log.stack, stack] : ["project", log.project, project];
        throw new AuditError(
            `line 1 of ${name}`,
            `it is the log of a different ${word}: ${theirs}, not ${ours}`,
            "point to the log of this stack",
        );
    }
    file.learnName(log.genesis, origin);
}

/** Whether a record says that one of its relays came to be called as this project and stack are. */
function tellsOfRename(file: LogFile, name: string, { project, stack }: LogOrigin): boolean {
    const log = file.openForReading();
    if (log === undefined) return false;
    try {
        for (const { bytes } of linesBackwards(log)) {
            if (!bytes.includes(RENAME)) continue;
            const line = checkLine(bytes, name, lineNumber(bytes));
            const { from, to } = line.details;
            if (line.action !== RENAME_ACTION || typeof to !== "string" || typeof from !== "string") continue;
            if (to.startsWith(`${project}/${stack}/`)) return true;
            // It was called so once, and has another name since.
            if (from.startsWith(`${project}/${stack}/`)) return false;
        }
        return false;
    } finally {
        log.close();
    }
}

const RENAME = Buffer.from(`"action":"${RENAME_ACTION}"`);
