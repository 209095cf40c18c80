import * as pulumi from "@pulumi/pulumi";

import { valueIfKnown } from "./supplied.js";

/** Inputs from which the missing outputs of a type are computed; no other one, for a secret among them would make secrets of all. */
const NEEDED: Partial<Record<string, readonly string[]>> = {
    KeyPair: ["owner", "epoch", "handedOut"],
    Registry: ["subnet", "subnet6", "peers", "supplied", "services"],
    Host: ["host"],
    WireGuard: ["relay", "epochs", "peers", "publicKeys"],
    Proxy: ["addresses", "appName", "services"],
    Script: ["relay", "addresses", "appName", "peers", "publicKeys", "services"],
};

/**
 * Gives a resource the outputs that the mocks of a unit test leave out. Pulumi's documentation shows mocks that answer with the inputs, and
 * a program must be testable with these.
 *
 * @param names the outputs that the plugin would give
 */
export function completeOutputs(
    resource: pulumi.CustomResource,
    type: string,
    name: string,
    inputs: pulumi.Inputs,
    names: readonly string[],
): void {
    // Not in `apply`: that may run when the test has ended, and Jest then loads nothing any more.
    const { completed } = require("../core/mocks/index.js") as typeof import("../core/mocks/index.js");
    const needed = NEEDED[type] ?? [];
    const told = pulumi.output(Object.fromEntries(needed.map((key) => [key, toldOf(key, inputs)])));
    const outputs = resource as unknown as Record<string, pulumi.Output<unknown>>;
    for (const output of names) {
        const given = outputs[output] ?? pulumi.output(undefined);
        outputs[output] = pulumi
            .all([given, told])
            .apply(([value, known]) => completed(value, { type, name, output, inputs: known }, new Date()));
    }
}

/** What other resources say of peers keeps no address from being known. */
function toldOf(key: string, inputs: pulumi.Inputs): pulumi.Input<unknown> {
    const value = inputs[key] as pulumi.Input<unknown>;
    return key === "supplied" && value !== undefined ? valueIfKnown(pulumi.output(value)) : value;
}
