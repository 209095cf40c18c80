import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { AuditError } from "../../core/errors.js";
import { realDisk } from "./disk.js";
import { segmentFiles, segmentName } from "./segmentNames.js";
import { openLog } from "./segments.js";

/**
 * What to do about a log that is not where the program says, when it lies beside that place: it bears the name that the stack
 * had before, or a log that was begun in its stead is there.
 *
 * @param genesis hash of the log's first record, by which it is known whatever it is called
 * @param name what messages call `path`
 * @returns undefined when it is not there either
 */
export function misplaced(path: string, name: string, line: number, genesis: string): AuditError | undefined {
    const found = logBeside(path, genesis);
    if (found === undefined) return undefined;
    const at = (file: string): string => join(dirname(name), file);
    return new AuditError(
        `line ${line} of ${name}`,
        `the log that the state remembers is ${at(found[0])}: the first record identifies it, not the stack's name`,
        `point to it with \`path: ${JSON.stringify(at(found[0]))}\` of AuditSink, or move it: ${movesTo(path, found)
            .map(([from, to]) => `\`mv ${at(from)} ${at(to)}\``)
            .join(", ")}`,
    );
}

/** The log's file, and its closed segments. */
type Files = [log: string, ...segments: string[]];

function logBeside(path: string, genesis: string): Files | undefined {
    const folder = dirname(path);
    const logs = filesIn(folder)
        .filter((file) => file !== basename(path) && beginsWith(join(folder, file), file, genesis))
        .map((file): Files => [file, ...segmentFiles(join(folder, file), file, realDisk).map((each) => each.file)]);
    // A closed segment in the manner of earlier versions begins with it as well.
    return logs.find(([file]) => !logs.some(([, ...segments]) => segments.includes(file)));
}

/** What is in the way keeps its lines under another name. */
function movesTo(path: string, [log, ...segments]: Files): [from: string, to: string][] {
    const here = basename(path);
    const occupied = filesIn(dirname(path)).includes(here) ? [[here, `${here}.other`] as [string, string]] : [];
    return [
        ...occupied,
        [log, here],
        ...segments.map((file, index): [string, string] => [file, segmentName(path, index + 1)]),
    ];
}

function filesIn(folder: string): string[] {
    try {
        return readdirSync(folder, { withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ name }) => name)
            .sort();
    } catch {
        return [];
    }
}

/** Whether the first record is the one of that hash; nothing else of it is believed by that. */
function beginsWith(path: string, name: string, genesis: string): boolean {
    try {
        const log = openLog(path, name, realDisk);
        if (log === undefined) return false;
        try {
            const [first = ""] = log.read(0, Math.min(FIRST_RECORD, log.size)).toString("utf8").split("\n", 1);
            return first.includes('"sequence":0,') && first.includes(`"hash":"${genesis}"`);
        } finally {
            log.close();
        }
    } catch (error) {
        if (error instanceof AuditError || "code" in (error as object)) return false;
        throw error;
    }
}

const FIRST_RECORD = 16 * 1024;
