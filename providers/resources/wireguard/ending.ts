import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardOutputs } from "./outputs.js";
import { devices } from "../../../core/protocol/devices.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { Answers } from "../../../core/protocol/steps.js";
import type { Announcement } from "../relay/announcement.js";
import { peersOf } from "./peerChanges.js";
import { isLeaf } from "./leaf.js";
import { count, listNames } from "../sentences.js";

/**
 * That a relay's interfaces are removed: during a rotation of its key there are two, and afterwards the one in use may not
 * be the one the program names.
 *
 * @param answer of the relay, once it is done: which interfaces it removed, and whether the kernel still has one of them
 */
export function interfaceEnding(
    inputs: WireGuardPlan,
    outputs: WireGuardOutputs,
    answer?: Answers<"wireguard-delete">,
): Announcement[] {
    const { relay, interface: device } = inputs;
    const removed = devices.parse(answer?.devices);
    const interfaces =
        answer?.devices === undefined ? devicesOf(outputs, device) : removed.map(({ interface: name }) => name);
    const what = `${interfaces.length === 1 ? "interface" : "interfaces"} ${listNames(interfaces)} of ${describeRelay(relay)}`;
    const peers = Object.keys(peersOf(inputs)).length;
    const cutOff = isLeaf(inputs) || interfaces.length === 0 ? "" : `; ${count(peers, "peer")} cut off`;
    return [
        {
            action: "interface_remove",
            message:
                interfaces.length === 0
                    ? `${describeRelay(relay)} had no interface to remove`
                    : `Removed ${what}${cutOff}`,
            begin: `Remove ${what}`,
            details: {
                relay,
                interface: interfaces[0] ?? device,
                interfaces,
                peers,
                ...(answer?.devices === undefined ? {} : readBack(removed)),
            },
        },
    ];
}

/** What the kernel said when it was asked again. */
function readBack(removed: { interface: string; state: string }[]): { read_back: string; still_there?: string[] } {
    const left = removed.filter(({ state }) => state !== "absent").map(({ interface: name }) => name);
    return left.length === 0 ? { read_back: "absent" } : { read_back: "present", still_there: left };
}

/** As the state has them; the program's own where it has none. */
function devicesOf(outputs: WireGuardOutputs, device: string): string[] {
    const epochs = Object.values(outputs.epochs ?? {});
    const names = epochs.flatMap(({ interface: name }) => (typeof name === "string" ? [name] : []));
    return names.length > 0 ? names : [device];
}
