import { RENAME_ACTION } from "../../../core/audit/renames.js";
import { keptNames } from "../keys/kept.js";
import { labelOf } from "./target.js";
import type { Announcement } from "./announcement.js";
import type { Change } from "./change.js";

type Renamed = Pick<Change, "before" | "inputs" | "facts">;

/** Whether project, stack or relay are called otherwise than when the relay was last changed. Its id is the same. */
export function isRenamed(change: Renamed): boolean {
    return labelsOf(change) !== undefined;
}

export function renameSentences(change: Renamed): string[] {
    const labels = labelsOf(change);
    if (labels === undefined) return [];
    const { from, to } = labels;
    return [
        `${change.inputs.relay}: is renamed from ${from} to ${to}: keys, addresses, sessions and access rules of its peers stay`,
    ];
}

/** A reader of the log follows the relay by this record. */
export function renameRecords(change: Renamed): Announcement[] {
    const labels = labelsOf(change);
    if (labels === undefined) return [];
    const { from, to } = labels;
    const { relay, relayId } = change.inputs;
    const details = {
        relay,
        formerly: from.split("/").slice(2).join("/"),
        ...labels,
        ...(typeof relayId === "string" ? { relay_id: relayId } : {}),
    };
    const message = `Renamed ${from} to ${to}: the relay and its peers keep their keys and addresses`;
    return [{ action: RENAME_ACTION, message, details }];
}

function labelsOf(change: Renamed): { from: string; to: string } | undefined {
    const [from, to] = [formerLabel(change), labelOf(change.inputs)];
    return from === undefined || from === to ? undefined : { from, to };
}

/** What it was called: as the state has it, and where an update replaces that, as the machine does; in a preview, as its URN does. */
function formerLabel({ before, inputs, facts }: Renamed): string | undefined {
    if (before !== undefined) return labelOf(before.inputs);
    if (facts !== undefined) return facts.owner;
    return keptNames(inputs)?.label;
}
