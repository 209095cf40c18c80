import type { WireGuardPlan } from "../wireguard/inputs.js";
import { peersOf } from "../wireguard/peerChanges.js";
import { listNames } from "../sentences.js";

/**
 * Peers that the registry does not list any more and the interface goes on with: the engine, told to ignore changes of `peers`,
 * silently passes the former ones. A new peer that is missing is refused elsewhere.
 */
export function ignoredChanges(inputs: WireGuardPlan): string[] {
    const { peerNames } = inputs;
    if (typeof peerNames !== "string") return [];
    const registry = new Set(peerNames.split(" "));
    const kept = Object.keys(peersOf(inputs)).filter((name) => !registry.has(name));
    if (kept.length === 0) return [];
    const [are, stay] = kept.length === 1 ? ["is", "stays"] : ["are", "stay"];
    return [
        `${inputs.relay}: ${listNames(kept.sort())} ${are} no longer listed but ${stay} connected, because \`ignoreChanges\` ignores the change of \`peers\`; remove that option`,
    ];
}
