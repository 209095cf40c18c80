import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { capsuleDocument } from "../../core/audit/capsule.js";
import { type PeerEvent, Replay } from "../../core/audit/replay.js";
import { cefLine, ocsfEvent } from "../../core/audit/siem.js";
import type { Verdict } from "../../core/audit/verdict.js";
import { InvalidArgument } from "../../core/errors.js";
import { Exit, type Output } from "../output.js";
import { packageVersion } from "../packageVersion.js";
import { type Intact, type IntactRecord, withIntact } from "./intact.js";
import type { PinOptions } from "./pins.js";
import { parseTime } from "./show.js";

interface Options extends PinOptions {
    format: string;
    output?: string;
    keyring?: string;
    since?: string;
    until?: string;
}

/** Milliseconds since 1970; the end is not part of it. */
interface Period {
    from: number;
    to: number;
}

/** Each writes a log record by record. */
const FORMATS: Record<string, (log: Intact, period: Period) => Generator<string>> = {
    "cps-json": capsules,
    csv: population,
    ocsf: (log, period) =>
        lines(log, period, ({ line, sealedAs }) => JSON.stringify(ocsfEvent(line, sealedAs, product()))),
    cef: (log, period) => lines(log, period, ({ line, sealedAs }) => cefLine(line, sealedAs, product())),
};

/** `qp-tunnel audit export`. A log that is not intact is not exported. */
export async function exportLog(file: string, options: Options, output: Output): Promise<number> {
    const format = Object.hasOwn(FORMATS, options.format) ? FORMATS[options.format] : undefined;
    if (format === undefined) {
        throw new InvalidArgument(
            "--format",
            `${options.format} is unknown`,
            `choose ${Object.keys(FORMATS).join(", ")}`,
        );
    }
    const period = periodOf(options);
    return withIntact(
        file,
        options,
        output,
        async (log) => {
            const text = Readable.from(format(log, period));
            if (options.output === undefined) await pipeline(text, output.stdout, { end: false });
            else await pipeline(text, createWriteStream(options.output, { mode: 0o600 }));
            if (options.keyring !== undefined) writeKeyring(options.keyring, log.verdict);
            output.stderr.write(`${log.verdict.size} records, public key ${log.verdict.log.publicKey}\n`);
            return Exit.fine;
        },
        { mode: "full" },
    );
}

function periodOf({ format, since, until }: Options): Period {
    if (since === undefined && until === undefined) return { from: -Infinity, to: Infinity };
    if (format === "cps-json") {
        throw new InvalidArgument("--since", "part of a chain cannot be verified", "export the whole log as cps-json");
    }
    return { from: parseTime(since, "--since") ?? -Infinity, to: parseTime(until, "--until") ?? Infinity };
}

function isIn({ from, to }: Period, { line }: IntactRecord): boolean {
    const time = Date.parse(line.timestamp);
    return time >= from && time < to;
}

/** A JSON array of the verified lines; lines that were appended later are left out. */
function* capsules({ records, verdict }: Intact): Generator<string> {
    let number = 0;
    for (const { line, sealedAs } of records()) {
        number += 1;
        yield `${number === 1 ? "[" : ""}${capsuleDocument(line, sealedAs)}`;
        yield number === verdict.size ? "]\n" : ",\n";
    }
}

function* lines({ records }: Intact, period: Period, write: (record: IntactRecord) => string): Generator<string> {
    for (const record of records()) if (isIn(period, record)) yield `${write(record)}\n`;
}

/**
 * The peers that could connect in the period: those active at its beginning, then each change. With the hash and sequence of
 * the record behind each row, so that a sample can be traced back into the log.
 */
function* population({ records }: Intact, period: Period): Generator<string> {
    const replay = new Replay();
    const hashes: string[] = [];
    let begun = false;
    yield `${COLUMNS.join(",")}\r\n`;
    for (const record of records()) {
        const { line } = record;
        if (!begun && Date.parse(line.timestamp) >= period.from) {
            begun = true;
            for (const event of present(replay, hashes)) yield row(event);
        }
        const inside = isIn(period, record);
        const { hash, sequence } = line.capsule;
        hashes.push(hash);
        for (const event of replay.apply(line, sequence)) if (inside) yield row({ ...event, hash });
    }
    // Nothing was recorded since the period began: the peers that were active before still are.
    if (!begun) for (const event of present(replay, hashes)) yield row(event);
}

const COLUMNS = [
    "timestamp",
    "relay",
    "event",
    "name",
    "formerly",
    "public_key",
    "address",
    "user",
    "correlation_id",
    "sequence",
    "hash",
];

function* present({ relays }: Replay, hashes: string[]): Generator<Omit<PeerEvent, "event"> & { event: string }> {
    for (const [relay, { peers }] of Object.entries(relays)) {
        for (const [name, { publicKey, address, since, record, former }] of Object.entries(peers)) {
            const keys = [...(former === undefined ? [] : [former]), { publicKey, since, record }];
            for (const key of keys) {
                yield {
                    timestamp: key.since,
                    sequence: key.record,
                    relay,
                    event: "present",
                    name,
                    publicKey: key.publicKey,
                    address,
                    user: "",
                    correlationId: "",
                    hash: hashes[key.record] ?? "",
                };
            }
        }
    }
}

function row(event: Omit<PeerEvent, "event"> & { event: string }): string {
    const { timestamp, relay, name, formerly = "", publicKey = "", address = "", user, correlationId } = event;
    const cells = [timestamp, relay, event.event, name, formerly, publicKey, address, user, correlationId];
    return `${[...cells, String(event.sequence), event.hash].map(cell).join(",")}\r\n`;
}

/** RFC 4180; cells that a spreadsheet would interpret as a formula are escaped. */
function cell(text: string): string {
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function product(): { name: string; version: string } {
    return { name: "pulumi-qp-tunnel", version: packageVersion() };
}

/** The trust store of the capsule command: all public keys. */
function writeKeyring(folder: string, { keys }: Verdict): void {
    const epochs = keys.map(({ publicKey, since }, epoch) => ({
        epoch,
        algorithm: "ed25519",
        public_key_hex: publicKey,
        fingerprint: `qp_key_${publicKey.slice(0, 4)}`,
        created_at: since.replace(/Z$/, "+00:00"),
        rotated_at: keys[epoch + 1]?.since.replace(/Z$/, "+00:00") ?? null,
        status: epoch === keys.length - 1 ? "active" : "retired",
    }));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const keyring = { version: 1, active_epoch: epochs.length - 1, epochs };
    writeFileSync(join(folder, "keyring.json"), `${JSON.stringify(keyring, undefined, 2)}\n`, { mode: 0o600 });
}
