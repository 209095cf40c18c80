import { resolve } from "node:path";

import type { AuditRef } from "../../providers/audit/log.js";
import { rotateKey as rotate } from "../../providers/audit/rotateKey.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, withIntact } from "./intact.js";

interface Options {
    signingKey?: string;
    to?: string;
    json?: boolean;
}

/** `qp-tunnel audit rotate-key`. Only the key of an intact log is replaced. */
export function rotateKey(file: string, options: Options, output: Output): Promise<number> {
    const use = async ({ verdict }: Intact): Promise<number> => {
        const { project, stack } = verdict.log;
        const { signingKey } = options;
        const ref: AuditRef = {
            path: resolve(file),
            project,
            stack,
            ...(signingKey === undefined ? {} : { signingKey }),
        };
        const rotation = await rotate(ref, options.to);
        if (options.json) {
            printJson(output, rotation);
            return Exit.fine;
        }
        const { publicKey, previous, sequence, file: key, backup, next } = rotation;
        const lines = [
            sequence === undefined ? "completed an interrupted rotation" : `record ${sequence}: rotated`,
            `  from  ${previous}`,
            `  to    ${publicKey}`,
            ...(key === undefined ? [] : [`  file  ${key}`, `  old   ${backup}`]),
            `next: ${next}`,
        ];
        output.stdout.write(`${lines.join("\n")}\n`);
        return Exit.fine;
    };
    const printing = options.json ? { json: true } : {};
    return withIntact(file, printing, output, use, { mode: "full", tail: "ignore" });
}
