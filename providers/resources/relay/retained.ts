import { describeRelay } from "../../../core/wireguard/leaf.js";
import { same } from "../changes.js";
import type { Announcement } from "./announcement.js";
import type { Change } from "./change.js";
import type { PropertySchema } from "../resource.js";

/*
 * `retainOnDelete` makes the engine let go of a relay without asking anybody: nothing is removed then, and nobody is there to record
 * it. What can be told is told when the program says it.
 */

export const RETAINED_INPUT: Record<string, PropertySchema> = {
    retained: {
        type: "boolean",
        description: "The Relay has `retainOnDelete`: it stays on its machine when it leaves the program.",
        optional: true,
    },
};

export function retainedSentences(change: Change): string[] {
    const now = changedTo(change);
    if (now === undefined) return [];
    const { relay } = change.inputs;
    return [
        now
            ? `${relay}: stays on its machine when it leaves the program, with its peers connected, as \`retainOnDelete\` says: nothing will be removed then, and nothing recorded`
            : `${relay}: is removed from its machine when it leaves the program: \`retainOnDelete\` is gone`,
    ];
}

export function retainedRecords(change: Change): Announcement[] {
    const retained = changedTo(change);
    if (retained === undefined) return [];
    const { relay } = change.inputs;
    const message = retained
        ? `From here on ${describeRelay(relay)} stays on its machine, with its peers connected, when it leaves the program; that will not be recorded`
        : `From here on ${describeRelay(relay)} is removed from its machine when it leaves the program`;
    return [{ action: "relay_retain", message, details: { relay, retained } }];
}

/** undefined: it is as it was. */
function changedTo({ before, inputs }: Change): boolean | undefined {
    const [then, now] = [before?.inputs.retained === true, inputs.retained === true];
    return same(then, now) ? undefined : now;
}
