import { HostError } from "../../../core/errors.js";
import type { Answers, Part } from "../../../core/protocol/steps.js";
import { factsOf } from "../../hosts/facts.js";
import type { Target } from "../../hosts/host.js";

/**
 * Whether a managed peer's machine is the same relay's for another peer, with other resources: the peer was renamed in the update that
 * replaced them, and what was replaced finds nothing of its own there.
 */
export async function isTakenOver(target: Target, id: string): Promise<boolean> {
    const [relay, peer] = (target.relayId ?? "").split("/");
    if (peer === undefined) return false;
    try {
        const { relayId, marks } = await factsOf(target);
        const isRenamed = relayId !== target.relayId && relayId?.split("/")[0] === relay;
        return isRenamed && !marks.includes(id);
    } catch (error) {
        if (error instanceof HostError) return false;
        throw error;
    }
}

/** As the relay's program answers where there is nothing of a resource. */
export const SKIPPED: Answers<`${Part}-delete`> = { skipped: "" };
