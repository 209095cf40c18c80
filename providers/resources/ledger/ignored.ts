import type { WireGuardPlan } from "../wireguard/inputs.js";
import { peersOf } from "../wireguard/peerChanges.js";
import { listNames } from "../sentences.js";

/**
 * Peers that the registry does not list any more and the interface goes on with: the engine, told to ignore changes of `peers`,
 * hands over the former ones and says so to nobody. Who is new and missing is refused elsewhere.
 */
export function ignoredChanges(inputs: WireGuardPlan): string[] {
    const { peerNames } = inputs;
    if (typeof peerNames !== "string") return [];
    const registry = new Set(peerNames.split(" "));
    const kept = Object.keys(peersOf(inputs)).filter((name) => !registry.has(name));
    if (kept.length === 0) return [];
    const [are, stay] = kept.length === 1 ? ["is", "stays"] : ["are", "stay"];
    return [
        `${inputs.relay}: ${listNames(kept.sort())} ${are} not listed any more and ${stay} connected, because \`ignoreChanges\` holds back the change of \`peers\`; take that option away`,
    ];
}
