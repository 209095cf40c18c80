import { z } from "zod";

import { parseNote } from "../../core/audit/note.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import type { RecordMark } from "../../core/audit/record.js";
import type { Pinned, VerifyOptions } from "../../core/audit/verdict.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { readState } from "./state.js";
import { readGivenFile } from "../givenFile.js";

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
    /** Number of the state's anchors in other logs, for a stack with several sinks. */
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
 * @param genesis genesis hash of this log, which distinguishes its anchors from those of the stack's other logs; undefined when
 *   its first line is not valid: then all anchors are used
 * @throws AuditError when the state pins logs, but not this one
 */
export function readPins(options: PinOptions, name: string, genesis: string | undefined): Pins {
    if (options.key !== undefined && !isUsablePublicKey(options.key)) {
        throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    }
    if (options.genesis !== undefined && !HASH.safeParse(options.genesis).success) {
        throw new InvalidArgument(
            "--genesis",
            "it is not the hash of a log's first record",
            "give 64 lowercase hex characters",
        );
    }
    const given = options.checkpoint === undefined ? [] : [readCheckpoint(options.checkpoint)];
    const { checkpoints, marks } = options.state === undefined ? NOTHING : readState(options.state);
    const isOwn = <T extends { genesis?: string }>(anchor: T): boolean =>
        genesis === undefined || anchor.genesis === undefined || anchor.genesis === genesis;
    const anchors = [...checkpoints, ...marks];
    if (options.state !== undefined && anchors.length === 0) {
        throw new InvalidArgument(
            `--state ${options.state}`,
            "it does not pin a log",
            "export the stack that writes this log: pulumi stack export --file state.json",
        );
    }
    if (genesis !== undefined && anchors.length > 0 && !anchors.some(isOwn)) {
        throw new AuditError(
            `line 1 of ${name}`,
            `it belongs to a different log: the state pins ${anchors[0]?.genesis}`,
            "restore the log from version control or its mirror, and find out who changed it",
        );
    }
    return {
        checkpoints: [...given, ...checkpoints.filter(isOwn)],
        marks: marks.filter(isOwn),
        expect: {
            ...(options.key === undefined ? {} : { publicKey: options.key }),
            ...(options.genesis === undefined ? {} : { genesis: options.genesis }),
        },
        elsewhere: anchors.filter((anchor) => !isOwn(anchor)).length,
    };
}

/** A checkpoint as JSON, or a file with it or with its signed note. */
export function readCheckpoint(given: string): Pinned {
    const inline = given.trimStart().startsWith("{");
    const subject = inline ? "--checkpoint" : `--checkpoint ${given}`;
    const text = inline ? given : readGivenFile(given, "name a file, or give the checkpoint as JSON", subject);
    if (!text.trimStart().startsWith("{")) {
        try {
            const { size, root } = parseNote(text);
            return { size, root, note: text };
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            throw new InvalidArgument(subject, `it is not a signed note: ${error.problem}`, error.fix, {
                cause: error,
            });
        }
    }
    const parsed = CHECKPOINT.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "it";
    throw new InvalidArgument(
        subject,
        `${where}: ${issue?.message ?? "not a checkpoint"}`,
        "give an unmodified checkpoint",
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
