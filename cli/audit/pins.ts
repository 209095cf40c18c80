import { existsSync, readFileSync } from "node:fs";

import { z } from "zod";

import { parseNote } from "../../core/audit/note.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import type { RecordMark } from "../../core/audit/record.js";
import type { Pinned, VerifyOptions } from "../../core/audit/verdict.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { readState } from "./state.js";

/** What a log is compared with. */
export interface PinOptions {
    checkpoint?: string;
    state?: string;
    key?: string;
    genesis?: string;
}

/** Everything that pins a log, from all options together. */
export interface Pins {
    checkpoints: Pinned[];
    marks: RecordMark[];
    expect: NonNullable<VerifyOptions["expect"]>;
    /** Anchors of the state that are in other logs: what a stack with several sinks has. */
    elsewhere: number;
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

/**
 * @param genesis name of the log at hand, which tells its anchors from those of other logs of the stack; undefined when
 *   its first line is not one: then all count
 * @throws AuditError when the state pins logs, and this is none of them
 */
export function readPins(options: PinOptions, name: string, genesis: string | undefined): Pins {
    if (options.key !== undefined && !isUsablePublicKey(options.key)) {
        throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    }
    if (options.genesis !== undefined && !HASH.safeParse(options.genesis).success) {
        throw new InvalidArgument("--genesis", "it is not a log's name", "give 64 lowercase hex characters");
    }
    const given = options.checkpoint === undefined ? [] : [readCheckpoint(options.checkpoint)];
    const { checkpoints, marks } = options.state === undefined ? NOTHING : readState(options.state);
    const mine = <T extends { genesis?: string }>(anchor: T): boolean =>
        genesis === undefined || anchor.genesis === undefined || anchor.genesis === genesis;
    const anchors = [...checkpoints, ...marks];
    if (options.state !== undefined && anchors.length === 0) {
        throw new InvalidArgument(
            `--state ${options.state}`,
            "it pins no log",
            "export the stack that writes this log: pulumi stack export --file state.json",
        );
    }
    if (genesis !== undefined && anchors.length > 0 && !anchors.some(mine)) {
        throw new AuditError(
            `line 1 of ${name}`,
            `it begins another log: the state pins ${anchors[0]?.genesis}`,
            "restore the log from version control or its mirror, and find out who changed it",
        );
    }
    return {
        checkpoints: [...given, ...checkpoints.filter(mine)],
        marks: marks.filter(mine),
        expect: {
            ...(options.key === undefined ? {} : { publicKey: options.key }),
            ...(options.genesis === undefined ? {} : { genesis: options.genesis }),
        },
        elsewhere: anchors.filter((anchor) => !mine(anchor)).length,
    };
}

/** A checkpoint as JSON, or a file with it or with its signed note. */
export function readCheckpoint(given: string): Pinned {
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

const NOTHING = { checkpoints: [], marks: [] };

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
