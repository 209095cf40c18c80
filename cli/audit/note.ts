import { existsSync, readFileSync } from "node:fs";

import { formatNote, parseNote } from "../../core/audit/note.js";
import type { Pinned, Verdict } from "../../core/audit/verdict.js";
import { InvalidArgument } from "../../core/errors.js";
import { replaceFile } from "../../providers/audit/durable.js";
import { nativePrimitives as primitives } from "../../providers/audit/primitives.js";
import { loadSigningKey } from "../../providers/audit/signingKey.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";

interface Options extends PinOptions {
    signingKey?: string;
    output?: string;
    json?: boolean;
}

/** `qp-tunnel audit note`: the signed note of a checkpoint, to be committed, printed or given to a witness. */
export function note(file: string, options: Options, output: Output): Promise<number> {
    return withIntact(file, options, output, (log) => {
        const { size, root, note: text = "" } = checkpointFor(file, log, options);
        if (options.output !== undefined) replaceFile(options.output, [Buffer.from(text)]);
        if (options.json) printJson(output, { size, root, note: text });
        else if (options.output === undefined) output.stdout.write(text);
        return Exit.fine;
    });
}

/** The largest given checkpoint with a note, the note next to the log, or one signed now. */
export function checkpointFor(
    file: string,
    { verdict, pins }: Intact,
    { signingKey }: { signingKey?: string },
): Pinned {
    if (signingKey !== undefined) return signed(verdict, signingKey);
    const notePath = `${file}.note`;
    const noted = existsSync(notePath) ? [noteInFile(notePath, verdict)] : [];
    const usable = [...pins.checkpoints, ...noted].filter(({ note }) => note !== undefined);
    const [largest] = usable.sort((a, b) => b.size - a.size);
    if (largest !== undefined) return largest;
    throw new InvalidArgument(
        file,
        "there is no signed checkpoint of it",
        "give one with --checkpoint or --state, or sign one now with --signing-key file:PATH or env:NAME",
    );
}

function noteInFile(path: string, verdict: Verdict): Pinned {
    const text = readFileSync(path, "utf8");
    const { size, root } = parseNote(text);
    if (size === verdict.size && root === verdict.root) return { size, root, note: text };
    throw new InvalidArgument(path, "it does not match the log", "give a checkpoint with --checkpoint or --state");
}

function signed({ log, size, root }: Verdict, reference: string): Pinned {
    const signer = loadSigningKey(reference, log, false);
    if (signer.publicKey !== log.publicKey) {
        throw new InvalidArgument("--signing-key", "it is not the log's current key", `use the key ${log.publicKey}`);
    }
    return { size, root, note: formatNote(log, { size, root }, signer, primitives) };
}
