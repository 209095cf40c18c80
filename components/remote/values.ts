import * as pulumi from "@pulumi/pulumi";

import type { Json, JsonObject } from "../../providers/plugin/json.js";
import { isUnknownText, markOf } from "../../providers/plugin/marks.js";

/*
 * Inputs of a component as the engine sends them, as a program would give them: what is known is plain, and what another resource
 * supplies, what is a secret and what is not known yet is an Output. A list or an object is always plain where it is known:
 * whatever is said of it is said of everything in it.
 */

/** What is said of a value, and of all that it holds. */
interface Said {
    isSecret: boolean;
    /** URNs of the resources that supply it. */
    dependencies: readonly string[];
}

const NOTHING: Said = { isSecret: false, dependencies: [] };

export function programValues(inputs: JsonObject): Record<string, unknown> {
    return record(inputs, NOTHING);
}

function record(json: JsonObject, said: Said): Record<string, unknown> {
    // Maps arrive in another order each time.
    const given = Object.entries(json).filter(([, value]) => value !== null);
    given.sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(given.map(([key, value]) => [key, programValue(value, said)]));
}

function programValue(json: Json, said: Said): unknown {
    if (Array.isArray(json)) return json.map((item) => programValue(item, said));
    if (typeof json !== "object" || json === null) {
        return typeof json === "string" && isUnknownText(json) ? leaf(pulumi.unknown, said) : leaf(json, said);
    }
    switch (markOf(json)) {
        case "secret":
            return programValue(json["value"] ?? null, { ...said, isSecret: true });
        case "output":
            return supplied(json, said);
        case "other":
            throw new pulumi.RunError("an asset, an archive or a resource is given where no argument takes one");
        case undefined:
            return record(json, said);
    }
}

function supplied({ value, secret, dependencies }: JsonObject, said: Said): unknown {
    const urns = Array.isArray(dependencies) ? dependencies.filter((urn) => typeof urn === "string") : [];
    const all = {
        isSecret: said.isSecret || secret === true,
        dependencies: [...new Set([...said.dependencies, ...urns])],
    };
    return value === undefined ? leaf(pulumi.unknown, all) : programValue(value, all);
}

function leaf(value: unknown, { isSecret, dependencies }: Said): unknown {
    if (!isSecret && dependencies.length === 0 && value !== pulumi.unknown) return value;
    const suppliers = dependencies.map((urn) => new pulumi.DependencyResource(urn).urn);
    const output = pulumi.all([pulumi.output(value), ...suppliers]).apply(([given]) => given);
    return isSecret ? pulumi.secret(output) : output;
}
