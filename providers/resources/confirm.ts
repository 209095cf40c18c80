import { HostError } from "../../core/errors.js";
import type { RecordMark } from "../../core/audit/record.js";
import type { Files } from "../hosts/bundle.js";
import { describeHost } from "../hosts/descriptors.js";
import { changeRelay } from "../hosts/facts.js";
import type { Target } from "../hosts/host.js";
import { formatMark } from "./placed.js";

/**
 * Confirms a change that waits for it, over a new connection: the old one keeps working after a lock-out. Without a
 * confirmation the relay rolls itself back, to something that is never wider than it was.
 */
export async function confirm(target: Target, answer: Files, table: string, mark: RecordMark): Promise<void> {
    if (answer.pending === undefined) return;
    try {
        await changeRelay(target, "confirm", { table, auditMark: formatMark(mark) }, {}, { anew: true });
    } catch (cause) {
        throw new HostError(
            describeHost(target.host),
            `the change could not be confirmed over a new connection (${(cause as Error).message})`,
            `nothing to do: the relay rolls itself back within ${answer.pending.trim()} s; what was cut stays cut. Then look at what the change did to the way there`,
            { cause },
        );
    }
}
