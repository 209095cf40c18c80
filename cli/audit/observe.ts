import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { noteOrigin } from "../../core/audit/note.js";
import {
    judgeObservation,
    newestObservations,
    OBSERVE_ACTION,
    type Observation,
    observationDetails,
    type Observations,
    type Request,
} from "../../core/audit/observed.js";
import { isUsablePublicKey } from "../../core/audit/primitives.js";
import { parseExtension } from "../../core/audit/proofText.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { extensionIn, parseOffer } from "../../core/offers/index.js";
import { lockFile } from "../../providers/audit/lock.js";
import { AuditLog, type AuditRef } from "../../providers/audit/log.js";
import { nativePrimitives as primitives } from "../../providers/audit/primitives.js";
import { Exit, type Output, printJson } from "../output.js";
import { type Intact, report, withIntact } from "./intact.js";

export interface ObserveOptions {
    key?: string[];
    replaces?: string;
    signingKey?: string;
    json?: boolean;
}

/** `qp-tunnel audit observe`: records another log's checkpoint in this log, or refuses. */
export async function observe(file: string, request: string, options: ObserveOptions, output: Output): Promise<number> {
    for (const key of options.key ?? [])
        if (!isUsablePublicKey(key))
            throw new InvalidArgument("--key", "it is not an Ed25519 public key", "give 64 lowercase hex characters");
    // What was recorded is read and added to by one at a time.
    const unlock = existsSync(file) ? await lockFile(`${file}.observe.lock`, file) : () => undefined;
    try {
        return await withIntact(file, options.json ? { json: true } : {}, output, (log) =>
            recordIn(log, file, request, options, output),
        );
    } finally {
        unlock();
    }
}

async function recordIn(
    { verdict, records }: Intact,
    file: string,
    source: string,
    options: ObserveOptions,
    output: Output,
): Promise<number> {
    const lines = [...records()].map(({ line }) => line);
    const seen = newestObservations(lines);
    try {
        const request = readRequest(source);
        const { origin } = request.parsed;
        if (origin === noteOrigin(verdict.log))
            throw new InvalidArgument(source, "it is a checkpoint of this very log", "give one of another log");
        const { key: keys = [], replaces } = options;
        const observed = judgeObservation(request, { keys, seen, replaces, primitives });
        const sequence = observed === undefined ? undefined : await append(observed, verdict.log, file, options);
        say({ observed, sequence, before: seen }, request, options, output);
        return Exit.fine;
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        report(error, file, options, output);
        return Exit.problem;
    }
}

/** @param path an offer, a signed note, or the output of audit prove --since */
function readRequest(path: string): Request {
    const text = readFileSync(path, "utf8");
    return text.trimStart().startsWith("{") ? extensionIn(parseOffer(text, path), path) : parseExtension(text);
}

/** @returns the record's sequence */
async function append(
    observed: Observation,
    { project, stack }: Intact["verdict"]["log"],
    file: string,
    { signingKey }: ObserveOptions,
): Promise<number> {
    const ref: AuditRef = {
        path: resolve(file),
        project,
        stack,
        ...(signingKey === undefined ? {} : { signingKey }),
    };
    const log = await AuditLog.open(ref, { expectExisting: true });
    const { sequence } = await log.append({
        action: OBSERVE_ACTION,
        message: `Recorded a checkpoint of ${observed.size} records of log ${observed.origin}`,
        details: observationDetails(observed),
    });
    return sequence;
}

function say(
    {
        observed,
        sequence,
        before,
    }: { observed: Observation | undefined; sequence: number | undefined; before: Observations },
    { parsed: { origin, size } }: Request,
    options: ObserveOptions,
    output: Output,
): void {
    if (options.json) {
        printJson(output, { valid: true, origin, size, recorded: observed !== undefined, sequence: sequence ?? null });
        return;
    }
    const earlier = before.get(origin);
    const relation =
        earlier === undefined ? "the first checkpoint of that log here" : `extends the ${earlier.size} recorded before`;
    output.stdout.write(
        observed === undefined
            ? `${origin}: ${size} records were recorded before\n`
            : `record ${sequence}: ${size} records of ${origin}, ${relation}\n`,
    );
}
