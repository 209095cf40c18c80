import { Exit, type Output, printJson } from "../output.js";
import { type Intact, withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";

interface Options extends PinOptions {
    full?: boolean;
    json?: boolean;
}

/** `qp-tunnel audit verify`. */
export function verify(file: string, options: Options, output: Output): Promise<number> {
    const mode = options.full ? "full" : "fast";
    const use = (log: Intact): number => {
        if (options.json) printJson(output, { valid: true, file, ...log.verdict });
        else output.stdout.write(inWords(file, log, options));
        return Exit.fine;
    };
    return withIntact(file, options, output, use, { mode });
}

function inWords(file: string, { verdict, pins }: Intact, { full, checkpoint, state }: Options): string {
    const { log, keys, size, bytes, head, root, first, last, restartedFrom, warnings, interrupted } = verdict;
    const signatures = full
        ? "every signature"
        : `the first and the last signature${keys.length > 1 ? ", every change of the key" : ""}`;
    const fromState = pins.checkpoints.length - (checkpoint === undefined ? 0 : 1);
    const checked = [
        "every line, hash and link",
        signatures,
        ...(checkpoint === undefined ? [] : ["and the checkpoint"]),
        ...(state === undefined
            ? []
            : [`and what the state pins: ${fromState} checkpoints, ${pins.marks.length} records`]),
    ];
    const lines = [
        `${file}: intact, ${size} records in ${bytes} bytes`,
        `  log        ${log.project}/${log.stack}, ${log.genesis}`,
        ...keys.map(({ publicKey, from }, index) =>
            index === 0 ? `  key        ${publicKey}` : `  from ${String(from + 1).padEnd(6)}${publicKey}`,
        ),
        `  time       ${first} to ${last}`,
        `  head       ${head}`,
        `  root       ${root}`,
        `  checked    ${checked.join(", ")}`,
        ...(restartedFrom === undefined ? [] : [`  restarted  after the loss of ${restartedFrom}`]),
        ...warnings.map(({ line, problem }) => `warning: line ${line}: ${problem}`),
        ...interrupted.map(({ line, action }) => `warning: line ${line}: ${action} has no outcome: it was interrupted`),
        ...(pins.elsewhere > 0 ? [`note: the state also pins ${pins.elsewhere} places in other logs`] : []),
        ...(checkpoint === undefined && state === undefined
            ? ["note: without --checkpoint or --state, records missing at the end cannot be noticed"]
            : []),
    ];
    return `${lines.join("\n")}\n`;
}
