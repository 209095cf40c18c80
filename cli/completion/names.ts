import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import { isObject } from "../../core/audit/entry.js";
import { PartJoiner } from "../../core/audit/parts.js";
import type { AuditEntry } from "../../core/audit/record.js";
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
        for (const [relay, { peers, services, former }] of registriesIn(file)) {
            const add = (kind: keyof Names, all: Found): void => {
                for (const [name, isThere] of all) if (isThere) names[kind].add(name);
            };
            add("peers", peers);
            add("services", services);
            add("former", former);
            // The last record of a destroyed relay lists nobody.
            if ([...peers.values(), ...services.values()].includes(true)) names.relays.add(relay);
        }
    }
    const sorted = Object.entries(names).map(([kind, all]) => [kind, [...all].sort()]);
    return Object.fromEntries(sorted) as Names;
}

/** Names, and whether the newest record that has them still lists them. */
type Found = Map<string, boolean>;

interface Registry {
    peers: Found;
    services: Found;
    former: Found;
    /** Whether a whole ledger was read: older records add nothing. */
    whole: boolean;
}

type Entries = Record<string, unknown>;
interface Recorded {
    peers?: Entries;
    services?: Entries;
    retired?: { peers?: Entries };
}

/** By relay; read from the end, up to a whole ledger of each. */
function registriesIn(file: string): Map<string, Registry> {
    const registries = new Map<string, Registry>();
    for (const { relay, ledger, change } of records(file)) {
        if (typeof relay !== "string") continue;
        const registry = registries.get(relay) ?? {
            ...{ peers: new Map(), services: new Map(), former: new Map() },
            whole: false,
        };
        registries.set(relay, registry);
        const recorded = ledger ?? change;
        if (registry.whole || recorded === undefined) continue;
        const note = (found: Found, entries: Entries | undefined): void => {
            for (const [name, entry] of Object.entries(entries ?? {}))
                if (!found.has(name)) found.set(name, entry !== null);
        };
        note(registry.peers, recorded.peers);
        note(registry.services, recorded.services);
        note(registry.former, recorded.retired?.peers);
        registry.whole = ledger !== undefined;
    }
    return registries;
}

interface Details {
    relay?: unknown;
    ledger?: Recorded;
    change?: Recorded;
}

/** Details of the records of registries, newest first; of a record in several lines, all of them together. */
function* records(file: string): Generator<Details> {
    const log = openLog(file, file);
    if (log === undefined) return;
    const parts = new PartJoiner<Entry>("newest");
    try {
        for (const { bytes, offset } of linesBackwards(log)) {
            if (log.size - offset > MOST_BYTES) return;
            const entry = bytes.includes(MARK) ? parsed(bytes) : undefined;
            const record = entry === undefined ? undefined : parts.push(entry);
            if (record !== undefined) yield record.details;
        }
    } finally {
        log.close();
    }
}

type Entry = Pick<AuditEntry, "action" | "correlation_id" | "details">;

/** A line that cannot be read is skipped; `audit verify` reports why. */
function parsed(bytes: Buffer): Entry | undefined {
    try {
        const entry: unknown = JSON.parse(bytes.toString("utf8"));
        return isObject(entry) && isObject(entry.details) ? (entry as unknown as AuditEntry) : undefined;
    } catch {
        return undefined;
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
