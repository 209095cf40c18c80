import type { HostInputs, HostOutputs } from "./inputs.js";
import { describeHost, hostKeyOf, isInstance, isOtherInstance, isSameMachine } from "../../hosts/descriptors.js";
import { same } from "../changes.js";
import type { Effect, Wording } from "../effects.js";
import { machineChange, IF_DIFFERENT } from "../inputSentences.js";
import { hasSameNames } from "../relay/target.js";
import type { Change } from "../relay/change.js";
import { takesAway } from "../relay/removals.js";
import { renameSentences } from "../relay/rename.js";
import { retainedSentences } from "../relay/retained.js";
import { valueText } from "../sentences.js";

const place: Effect<HostInputs, HostOutputs> = ({ before, inputs }) => {
    if (before === undefined) return [];
    const { relay, host, appName, interface: device } = inputs;
    const then = before.inputs;
    const sentences: string[] = [];
    if (machineChange({ before, inputs }) === "either") {
        sentences.push(
            `${relay}: is reached at ${describeHost(host)} instead of ${describeHost(then.host)}: if that is the same machine, nothing changes on it; ${IF_DIFFERENT}the relay moves there with the same keys and addresses, and the old place is cleaned up last`,
        );
    } else if (!isSameMachine(then.host, host)) {
        sentences.push(
            `${relay}: moves from ${describeHost(then.host)} to ${describeHost(host)}, with the same keys and addresses; ${isInstance(then.host) ? "the old machine is deleted last" : "the old place is cleaned up last"}`,
        );
    } else if (isReplaced({ inputs, before }) && isInstance(host)) {
        sentences.push(
            `${relay}: is set up on the new machine behind ${hostKeyOf(host)}, with the same keys and addresses; every peer is interrupted until the new machine re-initiates its handshake, or for 15 s if the old one does not know its endpoint`,
        );
    }
    if (!hasSameNames(then, { appName, interface: device })) {
        sentences.push(
            `${relay}: is taken down as ${then.appName}-${then.interface} and brought up as ${appName}-${device}: every peer is interrupted, up to 15 s until its next handshake`,
        );
    }
    return sentences;
};

/** On which machine the relay is, under which names, and for which network. */
export const hostWording: Wording<HostInputs, HostOutputs> = {
    created: (change) => [
        `${change.inputs.relay}: is set up on ${describeHost(change.inputs.host)}`,
        ...renameSentences(change),
        ...retainedSentences(change),
    ],
    effects: {
        host: place,
        appName: place,
        interface: place,
        relay: renameSentences,
        retained: retainedSentences,
        subnet: (change) => network(change, "subnet", "network"),
        subnet6: (change) => network(change, "subnet6", "IPv6 network"),
    },
    // What is taken away first the resources tell that have it.
    closing: (change, sentences) =>
        sentences.length > 0 || takesAway(change)
            ? []
            : [`${change.inputs.relay}: is checked again on ${describeHost(change.inputs.host)}`],
};

/** Whether the program made another machine behind the same address. */
export function isReplaced({ inputs, before }: Pick<Change, "inputs" | "before">): boolean {
    return before !== undefined && isOtherInstance(before.inputs.host, inputs.host);
}

function network(
    { before, inputs }: Change<HostInputs, HostOutputs>,
    input: "subnet" | "subnet6",
    what: string,
): string[] {
    const [then, now] = [before?.inputs[input], inputs[input]];
    if (same(then, now)) return [];
    return [`${inputs.relay}: the tunnel's ${what} changes from ${valueText(then)} to ${valueText(now)}`];
}
