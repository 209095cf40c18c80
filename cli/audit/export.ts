import { closeSync, createWriteStream, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { capsuleDocument, type LogIdentity } from "../../core/audit/capsule.js";
import { checkLine } from "../../core/audit/line.js";
import type { Verdict } from "../../core/audit/verify.js";
import { AuditError, InvalidArgument } from "../../core/errors.js";
import { fileSource, linesForwards } from "../../providers/audit/read.js";
import { verifyFile } from "../../providers/audit/verifyFile.js";
import { Exit, type Output } from "../output.js";

interface Options {
    format: string;
    output?: string;
    keyring?: string;
}

/** `qp-tunnel audit export`. A log that is not intact is not exported. */
export async function exportLog(file: string, options: Options, output: Output): Promise<number> {
    if (options.format !== "cps-json") {
        throw new InvalidArgument("--format", `${options.format} is unknown`, "say cps-json");
    }
    let verdict: Verdict;
    try {
        verdict = await verifyFile(file, { mode: "full" });
    } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        output.stderr.write(`error: ${error.message}\n`);
        return Exit.problem;
    }
    const log = openSync(file, "r");
    try {
        const text = Readable.from(capsules(log, file, verdict));
        if (options.output === undefined) await pipeline(text, output.stdout, { end: false });
        else await pipeline(text, createWriteStream(options.output, { mode: 0o600 }));
    } finally {
        closeSync(log);
    }
    if (options.keyring !== undefined) writeKeyring(options.keyring, verdict);
    output.stderr.write(`${verdict.size} records, public key ${verdict.log.publicKey}\n`);
    return Exit.fine;
}

/** A JSON array, written bit by bit: the lines that were verified and no later ones. */
function* capsules(file: number, name: string, { log, bytes, size }: Verdict): Generator<string> {
    let number = 0;
    for (const raw of linesForwards(fileSource(file), bytes)) {
        number += 1;
        const sealedAs: LogIdentity = number === 1 ? { ...log, genesis: null } : log;
        yield `${number === 1 ? "[" : ""}${capsuleDocument(checkLine(raw.bytes, name, number), sealedAs)}`;
        yield number === size ? "]\n" : ",\n";
    }
}

/** The trust store of the capsule command: one epoch, no private key. */
function writeKeyring(folder: string, { log, first }: Verdict): void {
    const epoch = {
        epoch: 0,
        algorithm: "ed25519",
        public_key_hex: log.publicKey,
        fingerprint: `qp_key_${log.publicKey.slice(0, 4)}`,
        created_at: first.replace(/Z$/, "+00:00"),
        rotated_at: null,
        status: "active",
    };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const keyring = { version: 1, active_epoch: 0, epochs: [epoch] };
    writeFileSync(join(folder, "keyring.json"), `${JSON.stringify(keyring, undefined, 2)}\n`, { mode: 0o600 });
}
