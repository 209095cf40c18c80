import type { Answers, Part } from "../../../core/protocol/steps.js";
import { marks as marksOf } from "../../../core/protocol/facts.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { hostParts } from "../host/host.js";
import { driftIn, GONE } from "./observed.js";
import { proxyParts } from "../proxy/proxy.js";
import type { RelayResourceParts } from "./parts.js";
import type { Properties } from "../resource.js";
import { wireguardParts } from "../wireguard/wireguard.js";

/** What the state has of one resource of a relay; secrets in it may be sealed. */
export interface Stored {
    id?: string;
    inputs: Properties;
    outputs: Properties;
}

const PARTS: Record<Part, RelayResourceParts> = {
    host: hostParts,
    firewall: firewallParts,
    wireguard: wireguardParts,
    proxy: proxyParts,
    grants: grantsParts,
};

/**
 * In what a relay is not as the state says, each by name with a sentence: what a refresh finds, out of the relay's answer to
 * `status`. What only a secret could tell the relay compares by itself.
 */
export function relayDrift(state: Partial<Record<Part, Stored>>, answer: Answers): Record<string, string> {
    const marks = marksOf.parse(answer.marks);
    return Object.assign(
        {},
        ...Object.entries(state).map(([part, { id, inputs, outputs }]) => {
            const mark = marks.one(part as Part);
            if (mark === undefined) return GONE;
            // The answer holds no secret to compare with, also where those of the state are open.
            const { seed: _seed, ...plain } = inputs;
            return driftIn(PARTS[part as Part], { id, inputs: plain, outputs }, { ...answer, mark });
        }),
    ) as Record<string, string>;
}
