import { isUnknown } from "@pulumi/pulumi/output.js";

import { type Properties, UNKNOWN } from "../providers/resources/resource.js";

/** How the SDK marks a secret among the inputs that it hands to mocks. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

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
