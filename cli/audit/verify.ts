import { existsSync, readFileSync } from "node:fs";

import { z } from "zod";

import { parseNote } from "../../core/audit/note.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import type { Verdict, VerifyOptions } from "../../core/audit/verify.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { verifyFile } from "../../providers/audit/verifyFile.js";
import { Exit, type Output, printJson } from "../output.js";

interface Options {
    checkpoint?: string;
    full?: boolean;
    key?: string;
    json?: boolean;
}

const HASH = z.string().regex(/^[0-9a-f]{64}$/);

/** A checkpoint as the stack's state and `pulumi stack output --json` hold it. */
const CHECKPOINT = z.object({
    size: z.int().positive(),
    root: z.base64().length(44),
    genesis: HASH.exactOptional(),
    bytes: z.int().positive().exactOptional(),
    head: HASH.exactOptional(),
    note: z.string().exactOptional(),
});

/** `qp-tunnel audit verify`. */
export async function verify(file: string, options: Options, output: Output): Promise<number> {
    const { checkpoint, full, key, json } = options;
    if (key !== undefined && !isUsablePublicKey(key)) {
        throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    }
    const pinned = checkpoint === undefined ? undefined : readCheckpoint(checkpoint);
    try {
        const verdict = await verifyFile(file, {
            mode: full ? "full" : "fast",
            ...(pinned === undefined ? {} : { checkpoint: pinned }),
            ...(key === undefined ? {} : { expect: { publicKey: key } }),
        });
        if (json) printJson(output, { valid: true, file, ...verdict });
        else output.stdout.write(inWords(file, verdict, options));
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        const { subject, problem, fix } = error;
        if (json) printJson(output, { valid: false, file, error: { subject, problem, fix } });
        else output.stderr.write(`error: ${error.message}\n`);
        return Exit.problem;
    }
}

function readCheckpoint(given: string): NonNullable<VerifyOptions["checkpoint"]> {
    const inline = given.trimStart().startsWith("{");
    const subject = inline ? "--checkpoint" : `--checkpoint ${given}`;
    if (!inline && !existsSync(given)) {
        throw new InvalidArgument(subject, "there is no such file", "name a file, or give the checkpoint as JSON");
    }
    const text = inline ? given : readFileSync(given, "utf8");
    if (!text.trimStart().startsWith("{")) {
        try {
            const { size, root } = parseNote(text);
            return { size, root, note: text };
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            throw new InvalidArgument(subject, `it is no signed note: ${error.problem}`, error.fix, { cause: error });
        }
    }
    const parsed = CHECKPOINT.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "it";
    throw new InvalidArgument(
        subject,
        `${where}: ${issue?.message ?? "no checkpoint"}`,
        "give the checkpoint as it was stored",
    );
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function inWords(file: string, verdict: Verdict, { checkpoint, full }: Options): string {
    const { log, size, bytes, head, root, first, last, restartedFrom, warnings, interrupted } = verdict;
    const signatures = full ? "every signature" : "the first and the last signature";
    const lines = [
        `${file}: intact, ${size} records in ${bytes} bytes`,
        `  log        ${log.project}/${log.stack}, ${log.genesis}`,
        `  key        ${log.publicKey}`,
        `  time       ${first} to ${last}`,
        `  head       ${head}`,
        `  root       ${root}`,
        `  checked    every line, hash and link, ${signatures}${checkpoint === undefined ? "" : ", and the checkpoint"}`,
        ...(restartedFrom === undefined ? [] : [`  restarted  after the loss of ${restartedFrom}`]),
        ...warnings.map(({ line, problem }) => `warning: line ${line}: ${problem}`),
        ...interrupted.map(({ line, action }) => `warning: line ${line}: ${action} has no outcome: it was interrupted`),
        ...(checkpoint === undefined
            ? ["note: without --checkpoint, records missing at the end cannot be noticed"]
            : []),
    ];
    return `${lines.join("\n")}\n`;
}
