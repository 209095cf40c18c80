import { describeHost, isSameMachine, mayBeSameMachine } from "../hosts/descriptors.js";
import { same } from "./changes.js";
import { hasSameNames } from "./relay/target.js";
import type { Change } from "./relay/change.js";
import { UNKNOWN } from "./resource.js";
import { valueText } from "./sentences.js";

/** That one value of the interface changes, and what that means. */
export function changed(then: unknown, now: unknown, what: string, means: string, whose = "the relay's"): string[] {
    if (same(then, now)) return [];
    return [`${whose} ${what} changes from ${valueText(then)} to ${valueText(now)}: ${means}`];
}

/**
 * What a change of the host is: none, another way to the machine on which the relay is, a different machine, or either of these
 * two, since a preview asks no machine.
 */
export function machineChange({
    before,
    inputs,
}: Pick<Change, "before" | "inputs">): "none" | "same" | "different" | "either" {
    if (before === undefined) return "none";
    const [then, now] = [before.inputs, inputs];
    if (isSameMachine(then.host, now.host)) return "none";
    if (!mayBeSameMachine(then.host, now.host)) return "different";
    if (typeof then.machine !== "string" || typeof now.machine !== "string") return "either";
    return then.machine === now.machine ? "same" : "different";
}

/** Whether the machine is a different one, as far as can be known. */
export function mayMove(change: Pick<Change, "before" | "inputs">): boolean {
    return ["different", "either"].includes(machineChange(change));
}

export const IF_DIFFERENT = "if that is a different machine, ";

/** Another interface, another machine: the sessions are not carried over. */
export function placeEffects(change: Change, whom = "every peer is"): string[] {
    const { before, inputs } = change;
    if (before === undefined) return [];
    const [then, now] = [before.inputs, inputs];
    const sentences: string[] = [];
    const renamed = !hasSameNames(then, now);
    const moves = mayMove(change);
    if (renamed || moves) {
        const unless = !renamed && machineChange(change) === "either" ? IF_DIFFERENT : "";
        const where = moves ? ` on ${describeHost(now.host)}` : "";
        const what = renamed
            ? `interface ${then.interface} (${then.appName}-${then.interface}) is replaced by ${now.interface} (${now.appName}-${now.interface})${where}`
            : `interface ${now.interface} is created${where}`;
        sentences.push(
            `${unless}${what}, with the same keys and addresses: ${whom} interrupted until its next handshake${moves ? "" : ", up to 15 s"}`,
        );
    } else if (!same(then.machine, now.machine) && (now.machine as unknown) !== UNKNOWN) {
        sentences.push("this is a different machine: it is set up from scratch with the same keys and addresses");
    } else if (!same(before.inputs.moved, inputs.moved)) {
        sentences.push(
            `interface ${now.interface} is set up again, with the same keys and addresses: a move to another place was interrupted`,
        );
    }
    return sentences;
}
