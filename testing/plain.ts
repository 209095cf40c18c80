import { isUnknown } from "@pulumi/pulumi/output.js";

import { SECRET, SIGNATURE } from "../providers/plugin/marks.js";
import { type Properties, UNKNOWN } from "../providers/resources/resource.js";

/** Inputs as the plugin's resources get them: without marks of secrets, and `UNKNOWN` for what a preview does not know. */
export function plainInputs(inputs: object): Properties {
    return plain(inputs) as Properties;
}

function plain(value: unknown): unknown {
    if (isUnknown(value)) return UNKNOWN;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(plain);
    const map = value as Record<string, unknown>;
    if (map[SIGNATURE] === SECRET) return plain(map["value"]);
    return Object.fromEntries(Object.entries(map).map(([key, each]) => [key, plain(each)]));
}
