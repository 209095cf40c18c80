import type { RecordMark } from "../../../core/audit/record.js";
import { FormerNames, RENAME_ACTION } from "../../../core/audit/renames.js";
import { AuditLog, type AuditRef } from "../../audit/log.js";
import type { Announcement } from "./announcement.js";

/** What updates took away before anything else of them, and recorded, since a resource was applied last. */
export interface RemovedFirst {
    /** Public keys, also former ones. */
    keys: ReadonlySet<string>;
    /** Access rules. */
    rules: ReadonlySet<string>;
    /** Names. */
    services: ReadonlySet<string>;
}

export const NOTHING_REMOVED: RemovedFirst = { keys: new Set(), rules: new Set(), services: new Set() };

/**
 * Reads the log behind the resource's own last record. An update that failed may have taken away what a resource still has in its
 * state: it is told once, and set again if the program has it by now.
 *
 * @param relay its names: as the resource's state has it, and as the program calls it now
 */
export async function removedFirst(
    audit: AuditRef,
    record: RecordMark | undefined,
    relay: string[],
): Promise<RemovedFirst> {
    if (record === undefined) return NOTHING_REMOVED;
    const log = await AuditLog.open(audit, { expectExisting: true });
    const [keys, rules, services] = [new Set<string>(), new Set<string>(), new Set<string>()];
    const names = new FormerNames(...relay);
    for await (const line of log.entriesAfter(record, MARKER, `"action":"${RENAME_ACTION}"`)) {
        const { action, details } = line;
        if (!names.isOfIt(line) || details.removed_first !== true) continue;
        if (action === "peer_remove" || action === "key_remove")
            for (const { public_key: key } of peersIn(details)) keys.add(String(key));
        if (action === "grants_apply") for (const rule of (details.removed ?? []) as string[]) rules.add(rule);
        if (action === "service_close") services.add(String(details.name));
    }
    return { keys, rules, services };
}

/** Records of removals without what is recorded already. */
export function withoutRemovedFirst(records: Announcement[], { keys, services }: RemovedFirst): Announcement[] {
    return records.flatMap((record) => {
        const { action, details } = record;
        if (action === "service_close") return services.has(String(details.name)) ? [] : [record];
        if (action !== "peer_remove") return [record];
        const peers = peersIn(details);
        const left = peers.filter(({ public_key: key }) => !keys.has(String(key)));
        if (left.length === peers.length) return [record];
        return left.length === 0 ? [] : [{ ...record, details: { ...details, peers: left } }];
    });
}

const MARKER = '"removed_first":true';

function peersIn(details: Record<string, unknown>): Record<string, unknown>[] {
    return Array.isArray(details.peers) ? (details.peers as Record<string, unknown>[]) : [details];
}
