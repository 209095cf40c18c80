import { isMap } from "../changes.js";
import type { Properties } from "../resource.js";
import type { PlacedInputs, PlacedOutputs } from "./placed.js";
import type { Answers, Observing, Part } from "../../../core/protocol/steps.js";
import { type Drift, withoutRepeated } from "../../../core/drift.js";
import { marks } from "../../../core/protocol/facts.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { hostParts } from "../host/host.js";
import { driftIn, GONE } from "./observed.js";
import { proxyParts } from "../proxy/proxy.js";
import type { RelayResourceParts } from "./parts.js";
import { wireguardParts } from "../wireguard/wireguard.js";

/** What the state has of one resource of a relay; secrets in it may be sealed. */
export interface Stored {
    id?: string;
    inputs: Properties;
    outputs: Properties;
}

type Differences = (stored: Stored, answer: Answers<Observing>) => Drift[];

const PARTS: Record<Part, Differences> = {
    host: differencesOf(hostParts),
    firewall: differencesOf(firewallParts),
    wireguard: differencesOf(wireguardParts),
    proxy: differencesOf(proxyParts),
    grants: differencesOf(grantsParts),
};

function differencesOf<I extends PlacedInputs, O extends PlacedOutputs>(parts: RelayResourceParts<I, O>): Differences {
    return ({ id, inputs, outputs }, answer) =>
        driftIn(parts, { id, inputs: parts.parse(inputs), outputs: parts.parseOutputs(outputs) }, answer);
}

/**
 * In what a relay is not as the state says: what a refresh finds, out of the relay's answer to
 * `status`. What only a secret could tell the relay compares by itself.
 */
export function relayDrift(state: Partial<Record<Part, Stored>>, answer: Answers<"status">): Drift[] {
    const known = marks.parse(answer.marks);
    const drift: Drift[] = [];
    for (const part of Object.keys(PARTS).filter((each): each is Part => each in state)) {
        const stored = state[part];
        if (stored === undefined) continue;
        const mark = known.one(part);
        // The answer holds no secret to compare with, also where those of the state are open.
        const { seed: _seed, ...plain } = stored.inputs;
        const open = { ...stored, inputs: withoutSealed(plain), outputs: withoutSealed(stored.outputs) };
        drift.push(...(mark === undefined ? GONE : PARTS[part](open, { ...answer, mark })));
    }
    return withoutRepeated(drift);
}

/** Whatever is sealed stands there as a symbol, alone or in a map. */
function withoutSealed(values: Properties): Properties {
    const open = Object.entries(values).filter(([, value]) => typeof value !== "symbol");
    return Object.fromEntries(open.map(([name, value]) => [name, isMap(value) ? withoutSealed(value) : value]));
}
