/** Records are of a relay by its name at the time; a rename is a record too, so that a reader can follow it. */
import type { AuditEntry } from "./record.js";

export const RENAME_ACTION = "relay_rename";

/** What a record says of a relay's rename; undefined for any other record. */
export function renameIn({
    action,
    status,
    details,
}: Pick<AuditEntry, "action" | "status" | "details">): { from: string; to: string } | undefined {
    const { relay, formerly } = details;
    const isRename = action === RENAME_ACTION && status === "success";
    if (!isRename || typeof relay !== "string" || typeof formerly !== "string" || relay === formerly) return undefined;
    return { from: formerly, to: relay };
}

/** The names of one relay, for a reader that goes from the newest record backwards. */
export class FormerNames {
    private readonly names: Set<string>;

    /** @param names as it is called now; more where it is known to have had others and no record says so yet */
    constructor(...names: string[]) {
        this.names = new Set(names);
    }

    /** Whether a record is of this relay. To be asked of each record in turn, the newest first. */
    isOfIt(line: Pick<AuditEntry, "action" | "status" | "details">): boolean {
        const rename = renameIn(line);
        // Who had the name before another relay took it is that other relay.
        if (rename !== undefined && this.names.has(rename.to)) this.names.add(rename.from);
        else if (rename !== undefined) this.names.delete(rename.from);
        return typeof line.details["relay"] === "string" && this.names.has(line.details["relay"]);
    }
}

/** Of lines from the newest one backwards, those of one relay, until it was archived before. */
export async function* sinceArchived<Line extends Pick<AuditEntry, "action" | "status" | "details">>(
    lines: AsyncIterable<Line>,
    relay: string,
): AsyncGenerator<Line> {
    const names = new FormerNames(relay);
    for await (const line of lines) {
        if (!names.isOfIt(line)) continue;
        if (line.action === "registry_archive_begin") return;
        yield line;
    }
}

/** What is known by relay, for a reader that goes from the oldest record forwards: it moves along with the name. */
export function moveWithName<T>(
    known: Map<string, T>,
    { from, to }: { from: string; to: string },
    merge: (former: T, present: T) => T,
): void {
    const former = known.get(from);
    known.delete(from);
    if (former === undefined) return;
    const present = known.get(to);
    known.set(to, present === undefined ? former : merge(former, present));
}
