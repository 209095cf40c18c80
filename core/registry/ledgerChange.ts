import { canonicalJson } from "../audit/canonical.js";
import type { Ledger, RegistryPeer, RegistryService, RetiredPeer } from "./model.js";

/** What is different in the next ledger. An entry is whole, whatever changed in it; null: it is gone. Absent: nothing changed. */
export interface LedgerChange {
    peers?: Record<string, RegistryPeer | null>;
    services?: Record<string, RegistryService | null>;
    retired?: {
        peers?: Record<string, RetiredPeer | null>;
        services?: Record<string, RegistryService | null>;
        keys?: { added: string[]; removed: string[] };
    };
    groups?: Record<string, string[] | null>;
}

/** What leads from one ledger to the next, so that a record of it does not grow with the number of peers. */
export function changeOf(before: Ledger, after: Ledger): LedgerChange {
    const keys = keysChange(before.retired.keys ?? [], after.retired.keys ?? []);
    const retired = {
        ...part("peers", entriesChange(before.retired.peers, after.retired.peers)),
        ...part("services", entriesChange(before.retired.services, after.retired.services)),
        ...(keys.added.length + keys.removed.length > 0 ? { keys } : {}),
    };
    return {
        ...part("peers", entriesChange(before.peers, after.peers)),
        ...part("services", entriesChange(before.services, after.services)),
        ...(Object.keys(retired).length > 0 ? { retired } : {}),
        ...part("groups", entriesChange(before.groups ?? {}, after.groups ?? {})),
    };
}

/** The inverse of {@link changeOf}: the ledger to which a change leads. */
export function withChange(before: Ledger, { peers, services, retired = {}, groups: named }: LedgerChange): Ledger {
    const removed = new Set(retired.keys?.removed);
    const kept = (before.retired.keys ?? []).filter((key) => !removed.has(key));
    const keys = [...kept, ...(retired.keys?.added ?? [])].sort();
    const groups = entriesWith(before.groups ?? {}, named);
    return {
        peers: entriesWith(before.peers, peers),
        services: entriesWith(before.services, services),
        retired: {
            peers: entriesWith(before.retired.peers, retired.peers),
            services: entriesWith(before.retired.services, retired.services),
            ...(keys.length > 0 ? { keys } : {}),
        },
        ...(Object.keys(groups).length > 0 ? { groups } : {}),
    };
}

type Entries<T> = Record<string, T>;

function entriesChange<T>(before: Entries<T>, after: Entries<T>): Entries<T | null> {
    const changed = Object.entries(after).filter(
        ([name, entry]) => !Object.hasOwn(before, name) || canonicalJson(before[name]) !== canonicalJson(entry),
    );
    const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
    return Object.fromEntries<T | null>([...changed, ...gone.map((name): [string, null] => [name, null])]);
}

function entriesWith<T>(before: Entries<T>, change: Entries<T | null> = {}): Entries<T> {
    const kept = Object.entries(before).filter(([name]) => !Object.hasOwn(change, name));
    const changed = Object.entries(change).filter((entry): entry is [string, T] => entry[1] !== null);
    return Object.fromEntries([...kept, ...changed].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keysChange(before: string[], after: string[]): { added: string[]; removed: string[] } {
    const [had, has] = [new Set(before), new Set(after)];
    return { added: after.filter((key) => !had.has(key)), removed: before.filter((key) => !has.has(key)) };
}

function part<Key extends string, T>(key: Key, entries: Entries<T>): { [K in Key]?: Entries<T> } {
    return (Object.keys(entries).length > 0 ? { [key]: entries } : {}) as { [K in Key]?: Entries<T> };
}
