import { fileMirror, pushToMirror } from "../../providers/audit/mirror.js";
import { AuditError } from "../../core/errors.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, report, withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";

interface Options extends PinOptions {
    to: string;
    json?: boolean;
}

/** `qp-tunnel audit push`: appends an intact log's new records to a mirror, and never overwrites the mirror's records. */
export function push(file: string, options: Options, output: Output): Promise<number> {
    const use = async ({ verdict }: Intact): Promise<number> => {
        try {
            const sent = await pushToMirror(file, file, fileMirror(options.to));
            const { size, head } = verdict;
            if (options.json) printJson(output, { valid: true, file, sent, size, head });
            else
                output.stdout.write(`${options.to}: ${sent} bytes added; ${size} records, head ${head.slice(0, 16)}\n`);
            return Exit.fine;
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            report(error, file, options, output);
            return Exit.problem;
        }
    };
    return withIntact(file, options, output, use, { mode: "full", tail: "ignore" });
}
