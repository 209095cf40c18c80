import { type PlacedInputs, type PlacedOutputs, readOutputs, readPlaced } from "../relay/placed.js";
import type { Properties } from "../resource.js";
import { anything, fields, flag, mapOf, optional, read, type Shape, text } from "../shape.js";

interface OwnInputs {
    subnet?: string;
    subnet6?: string;
    /** It stays on its machine when it leaves the program. */
    retained?: boolean;
}

/** `admitted`, `kept` and `formerly` are read by who asks for them. */
export type HostInputs = PlacedInputs & OwnInputs;

export interface HostOwnOutputs {
    /** Identity of the machine. */
    machine?: string;
    /** The SSH host key that was seen; empty without SSH. */
    hostKey?: string;
    keyExchange?: string;
    /** `kernel` or `userspace`. */
    wireguard?: string;
    /** The machine's own. */
    address?: string;
    /** `systemd` or `processes`. */
    supervisor?: string;
    /** Versions found. */
    tools?: Record<string, string>;
    /** Where the last update that changed this connected from. */
    client?: string;
    /** The last move to another place. */
    moved?: unknown;
}

export type HostOutputs = PlacedOutputs & HostOwnOutputs;

const inputsShape: Shape<OwnInputs> = fields<OwnInputs>({
    subnet: optional(text),
    subnet6: optional(text),
    retained: optional(flag),
});

const outputsShape: Shape<HostOwnOutputs> = fields<HostOwnOutputs>({
    machine: optional(text),
    hostKey: optional(text),
    keyExchange: optional(text),
    wireguard: optional(text),
    address: optional(text),
    supervisor: optional(text),
    tools: optional(mapOf(text)),
    client: optional(text),
    moved: optional(anything),
});

export function readHost(inputs: Properties): HostInputs {
    return read(inputsShape, readPlaced(inputs));
}

export function readHostOutputs(outputs: Properties): HostOutputs {
    return read(outputsShape, readOutputs(outputs));
}
