import type { LogIdentity } from "../../core/audit/capsule.js";
import { noteOrigin, parseNote } from "../../core/audit/note.js";
import { newestObservations, type Observations } from "../../core/audit/observed.js";
import { consistencyProof, leafHash, rootOf } from "../../core/audit/proof.js";
import type { AuditLine } from "../../core/audit/record.js";
import type { Pinned } from "../../core/audit/verdict.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { type ObservedLog, type Offer, parseOffer, renderOffer } from "../../core/offers/index.js";
import { replaceFile } from "../../providers/audit/durable.js";
import { nativePrimitives as primitives } from "../../providers/audit/primitives.js";
import { readGivenFile } from "../givenFile.js";
import { type Intact, report, withIntact } from "../audit/intact.js";
import { checkpointFor } from "../audit/note.js";
import { Exit, type Output } from "../output.js";
import { readOutput, type StateOptions } from "../state.js";

export interface OfferOptions extends StateOptions {
    name: string;
    for?: string;
    since?: string;
    signingKey?: string;
    output?: string;
    json?: boolean;
}

/** `qp-tunnel offer`: the stack's offer as a file, with how far the log has grown and that it extends what the recipient has recorded. */
export async function offer(file: string | undefined, options: OfferOptions, output: Output): Promise<number> {
    const { name, state } = options;
    const subject = `output ${name}${state === undefined ? "" : ` in ${state}`}`;
    const own = parseOffer(await readOutput(options, name), subject);
    const recipient = options.for === undefined ? undefined : readOfferFile(options.for, "--for");
    if (file === undefined) {
        refuseWithoutLog(options);
        return write(own, options, output);
    }
    const given = options.signingKey === undefined ? pinOf(own, subject) : undefined;
    const pins = given === undefined ? {} : { checkpoint: JSON.stringify(given) };
    return withIntact(file, pins, output, (log) => {
        try {
            return write(
                provenFor(recipient, own, log, checkpointFor(file, log, options), options.since),
                options,
                output,
            );
        } catch (error) {
            if (!(error instanceof AuditError)) throw error;
            report(error, file, {}, output);
            return Exit.problem;
        }
    });
}

/** @param option that names the file, for errors */
export function readOfferFile(path: string, option?: string): Offer {
    const subject = option === undefined ? path : `${option} ${path}`;
    return parseOffer(readGivenFile(path, "name a file with an offer", subject), subject);
}

/** The offer with what it says of the log, and of logs that this one has recorded. */
function provenFor(
    recipient: Offer | undefined,
    own: Offer,
    log: Intact,
    { size, note = "" }: Pinned,
    since: string | undefined,
): Offer {
    const leaves: Uint8Array[] = [];
    const lines: AuditLine[] = [];
    for (const { line, bytes } of log.records()) {
        lines.push(line);
        if (line.capsule.sequence < size) leaves.push(leafHash(bytes.subarray(0, -1), primitives));
    }
    const seen = recipient?.observed.find(({ origin }) => origin === noteOrigin(log.verdict.log));
    if (seen !== undefined) refuseOtherHistory(seen, leaves, log.verdict.log, recipient?.from ?? "");
    const old = since === undefined ? (seen?.size ?? 0) : sizeIn(since);
    if (old > size) {
        const problem = `the checkpoint has ${size} records, and it is to extend ${old}`;
        throw new InvalidArgument("--since", problem, "run pulumi refresh, or sign a newer one with --signing-key");
    }
    const path = old === 0 ? [] : consistencyProof(leaves, old, primitives);
    const proof = { since: old, path: path.map((hash) => Buffer.from(hash).toString("base64")) };
    return { ...own, log: { note, ...(old === 0 ? {} : proof) }, observed: observedIn(newestObservations(lines)) };
}

/** That the recipient has recorded this very log: otherwise another program signs with its key. */
function refuseOtherHistory(seen: ObservedLog, leaves: Uint8Array[], log: LogIdentity, who: string): void {
    if (seen.size > leaves.length) {
        const problem = `${who} has recorded ${seen.size} records of it, and the checkpoint has ${leaves.length}`;
        const fix = "run pulumi refresh for a newer checkpoint; if the log has no more records, it was truncated";
        throw new AuditError(noteOrigin(log), problem, fix);
    }
    const root = rootOf(leaves.slice(0, seen.size), primitives);
    if (Buffer.from(root).toString("base64") === seen.root) return;
    throw new AuditError(
        noteOrigin(log),
        `${who} has recorded a different history of its first ${seen.size} records`,
        "compare the notes: the log was changed, or its key is in other hands",
    );
}

function observedIn(observations: Observations): ObservedLog[] {
    return [...observations.values()].map(({ origin, size, root }) => ({ origin, size, root }));
}

function pinOf({ log }: Offer, subject: string): Pinned {
    if (log === undefined) {
        const fix = "give makeOffer the relay's `checkpoint`, or sign one now with --signing-key";
        throw new InvalidArgument(subject, "it has no checkpoint", fix);
    }
    const { size, root } = parseNote(log.note);
    return { size, root, note: log.note };
}

function refuseWithoutLog(options: OfferOptions): void {
    for (const [option, value] of Object.entries({
        "--for": options.for,
        "--since": options.since,
        "--signing-key": options.signingKey,
    }))
        if (value !== undefined)
            throw new InvalidArgument(
                option,
                "has no effect without the log",
                "name the log, a .jsonl file, or omit it",
            );
}

function write(made: Offer, { output: file }: OfferOptions, output: Output): number {
    const text = renderOffer(made);
    if (file === undefined) output.stdout.write(text);
    else replaceFile(file, [Buffer.from(text)]);
    return Exit.fine;
}

function sizeIn(text: string): number {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new InvalidArgument("--since", `${text} is not a number of records`, "give the size that was recorded last");
}
