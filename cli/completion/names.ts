import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import { linesBackwards } from "../../providers/audit/read.js";
import { openLog } from "../../providers/audit/segments.js";

/** Names for completion. None is a secret. */
export interface Names {
    relays: string[];
    /** Listed peers. */
    peers: string[];
    services: string[];
    /** Peers that are no longer listed. */
    former: string[];
}

/** How many bytes at the end of a log are read: the user is waiting at a prompt. */
const MOST_BYTES = 32 * 1024 * 1024;
const MARK = Buffer.from('"action":"registry_update"');

/**
 * The names in the newest registry record of every relay, from the logs in the project's audit folder: they are local, in
 * plain text, and need neither the engine nor a passphrase. They are only suggestions, so nothing is verified.
 *
 * @param folder somewhere in the project
 */
export function namesIn(folder: string): Names {
    const names = {
        relays: new Set<string>(),
        peers: new Set<string>(),
        services: new Set<string>(),
        former: new Set<string>(),
    };
    for (const file of logsOf(folder)) {
        const seen = new Set<string>();
        for (const { relay, ledger } of registries(file)) {
            if (seen.has(relay)) continue;
            seen.add(relay);
            const listed = [...Object.keys(ledger.peers ?? {}), ...Object.keys(ledger.services ?? {})];
            // The last record of a destroyed relay.
            if (listed.length > 0) names.relays.add(relay);
            for (const name of Object.keys(ledger.peers ?? {})) names.peers.add(name);
            for (const name of Object.keys(ledger.services ?? {})) names.services.add(name);
            for (const name of Object.keys(ledger.retired?.peers ?? {})) names.former.add(name);
        }
    }
    const sorted = Object.entries(names).map(([kind, all]) => [kind, [...all].sort()]);
    return Object.fromEntries(sorted) as Names;
}

interface Recorded {
    relay: string;
    ledger: {
        peers?: Record<string, unknown>;
        services?: Record<string, unknown>;
        retired?: { peers?: Record<string, unknown> };
    };
}

/** Newest first. */
function* registries(file: string): Generator<Recorded> {
    const log = openLog(file, file);
    if (log === undefined) return;
    try {
        for (const { bytes, offset } of linesBackwards(log)) {
            if (log.size - offset > MOST_BYTES) return;
            if (!bytes.includes(MARK)) continue;
            const { relay, ledger } = detailsOf(bytes);
            if (typeof relay === "string" && typeof ledger === "object" && ledger !== null) yield { relay, ledger };
        }
    } finally {
        log.close();
    }
}

/** A line that cannot be read is skipped; `audit verify` reports why. */
function detailsOf(bytes: Buffer): { relay?: unknown; ledger?: Recorded["ledger"] } {
    try {
        const { details } = JSON.parse(bytes.toString("utf8")) as { details?: object };
        return details ?? {};
    } catch {
        return {};
    }
}

/** The default place of logs: audit/<stack>.jsonl of the project. */
function logsOf(folder: string): string[] {
    for (let at = folder; ; at = dirname(at)) {
        const audit = join(at, "audit");
        const isProject = ["Pulumi.yaml", "Pulumi.yml"].some((name) => existsSync(join(at, name)));
        if (isProject && existsSync(audit)) {
            return readdirSync(audit)
                .filter((name) => name.endsWith(".jsonl"))
                .map((name) => join(audit, name));
        }
        if (isProject || at === dirname(at)) return [];
    }
}
