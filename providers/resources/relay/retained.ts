import { describeRelay } from "../../../core/wireguard/leaf.js";
import { same } from "../changes.js";
import type { Announcement } from "./announcement.js";
import type { Change } from "./change.js";
import type { PropertySchema } from "../resource.js";

/*
 * `retainOnDelete` makes the engine drop a relay without calling the plugin: nothing is removed then, and nothing can record
 * it. What can be told is told when the program says it.
 */

export const RETAINED_INPUT: Record<string, PropertySchema> = {
    retained: {
        type: "boolean",
        description: "The Relay has `retainOnDelete`: it stays on its machine when it is removed from the program.",
        optional: true,
    },
};

export function retainedSentences(change: Change): string[] {
    const now = changedTo(change);
    if (now === undefined) return [];
    const { relay } = change.inputs;
    return [
        now
            ? `${relay}: stays on its machine when it is removed from the program, with its peers connected, because of \`retainOnDelete\`: nothing will be removed or recorded then`
            : `${relay}: will be removed from its machine when it is removed from the program: \`retainOnDelete\` is no longer set`,
    ];
}

export function retainedRecords(change: Change): Announcement[] {
    const retained = changedTo(change);
    if (retained === undefined) return [];
    const { relay } = change.inputs;
    const message = retained
        ? `From here on ${describeRelay(relay)} stays on its machine, with its peers connected, when it is removed from the program; that will not be recorded`
        : `From here on ${describeRelay(relay)} will be removed from its machine when it is removed from the program`;
    return [{ action: "relay_retain", message, details: { relay, retained } }];
}

/** undefined: it is as it was. */
function changedTo({ before, inputs }: Change): boolean | undefined {
    const [then, now] = [before?.inputs.retained === true, inputs.retained === true];
    return same(then, now) ? undefined : now;
}
