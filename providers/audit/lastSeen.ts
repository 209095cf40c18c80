import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { LogOrigin } from "../../core/audit/record.js";
import { AuditError } from "../../core/errors.js";
import type { AuditLog } from "./log.js";
import { configFolder } from "./paths.js";

/** How far this machine has seen a log. */
interface LastSeen {
    genesis: string;
    bytes: number;
    records: number;
}

/**
 * Refuses to go on with a log whose end was cut since it was last written here: appending would fork it. For writers
 * whose own last record may stand before the cut. Remembered beside the signing keys; a hint, not an anchor: it is
 * missing on a fresh machine, and then the state's anchors are what counts.
 *
 * @throws AuditError naming the first missing line
 */
export async function refuseShorter(log: AuditLog, origin: LogOrigin, name: string): Promise<void> {
    const now = await log.status();
    const seen = now === undefined ? undefined : (read(fileOf(now.genesis)) ?? read(formerFileOf(origin)));
    if (seen === undefined || now === undefined || now.genesis !== seen.genesis || now.bytes >= seen.bytes) return;
    throw new AuditError(
        `line ${now.size + 1} of ${name}`,
        `it is missing: the log ends after ${now.size} lines, ${seen.records} were written here`,
        "the log was truncated, or is an older copy: restore the newer one",
    );
}

/** Remembers how far the log goes now. */
export async function rememberSeen(log: AuditLog): Promise<void> {
    const now = await log.status();
    if (now === undefined) return;
    const file = fileOf(now.genesis);
    const temporary = `${file}.${process.pid}`;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const seen: LastSeen = { genesis: now.genesis, bytes: now.bytes, records: now.size };
    writeFileSync(temporary, JSON.stringify(seen), { mode: 0o600 });
    renameSync(temporary, file);
}

function read(file: string): LastSeen | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as LastSeen;
    } catch {
        return undefined;
    }
}

/** By the log's own name, so that it is found whatever project and stack are called. */
function fileOf(genesis: string): string {
    return join(configFolder(), "pulumi-qp-tunnel/seen", genesis);
}

/** What earlier versions called it. */
function formerFileOf({ project, stack }: LogOrigin): string {
    return join(configFolder(), "pulumi-qp-tunnel", `${project}-${stack}.seen`.replace(/[^A-Za-z0-9_.-]/gu, "_"));
}
