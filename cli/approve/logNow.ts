import type { ApprovedLog } from "../../core/approval/statement.js";
import { checkLine } from "../../core/audit/line.js";
import { InvalidArgument } from "../../core/errors.js";
import { linesBackwards, lineAt } from "../../providers/audit/read.js";
import { openLog } from "../../providers/audit/segments.js";

/**
 * How long a log is now, from both of its ends.
 *
 * @throws InvalidArgument where there is none
 */
export function logNow(path: string): ApprovedLog {
    const log = openLog(path, path);
    if (log === undefined) throw new InvalidArgument(path, "there is no such log", "give the log's .jsonl file");
    try {
        const first = lineAt(log, 0);
        const [last] = linesBackwards(log);
        if (first === undefined || last === undefined)
            throw new InvalidArgument(path, "the log is empty", "give the log's .jsonl file");
        // Its place in the file is checked by who verifies the log; here it is only named.
        const { sequence, hash } = checkLine(last.bytes, path, 1).capsule;
        return { path, genesis: checkLine(first.bytes, path, 1).capsule.hash, size: sequence + 1, head: hash };
    } finally {
        log.close();
    }
}
