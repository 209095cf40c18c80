import type { Change } from "../relay/change.js";
import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardOutputs } from "./outputs.js";

export type WireGuardChange = Change<WireGuardPlan, WireGuardOutputs>;
