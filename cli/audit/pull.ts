import { MAX_LINE_BYTES } from "../../core/audit/seal.js";
import { AuditError } from "../../core/errors.js";
import { fileMirror, pullFromMirror } from "../../providers/audit/mirror.js";
import { Exit, type Output, printJson } from "../output.js";
import { genesisOf, report } from "./intact.js";
import { type PinOptions, readPins } from "./pins.js";

interface Options extends PinOptions {
    from: string;
    json?: boolean;
}

/** `qp-tunnel audit pull`: brings a log here up to its mirror. */
export async function pull(file: string, options: Options, output: Output): Promise<number> {
    try {
        const mirror = fileMirror(options.from);
        const { checkpoints, marks, expect } = readPins(
            options,
            options.from,
            genesisOf(await mirror.read(0, MAX_LINE_BYTES), options.from),
        );
        const { verdict, added } = await pullFromMirror(file, file, mirror, { checkpoints, marks, expect });
        const { size, head, log } = verdict;
        if (options.json) printJson(output, { valid: true, file, added, size, head, log });
        else output.stdout.write(`${file}: ${added} bytes restored; ${size} records, head ${head.slice(0, 16)}\n`);
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        report(error, file, options, output);
        return Exit.problem;
    }
}
