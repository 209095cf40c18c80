import { type FunctionTable, type PluginFunction } from "./functions/function.js";
import { type PropertySchema, type Resource } from "../resources/resource.js";
import { type ResourceTable } from "./registry.js";

/**
 * The package's Pulumi schema, from what each resource says about itself: for SDK generation, `pulumi package
 * get-schema`, policies and the documentation. Format: https://www.pulumi.com/docs/iac/extending-pulumi/schema/.
 */
export function packageSchema(version: string, table: ResourceTable, functions: FunctionTable = {}): object {
    return {
        name: "qptunnel",
        displayName: "qp-tunnel",
        version,
        description:
            "WireGuard relays as code. These resources are what the components of the npm package pulumi-qp-tunnel are made of.",
        keywords: ["wireguard", "vpn", "relay"],
        license: "Apache-2.0",
        language: { nodejs: { respectSchemaVersion: true } },
        config: {},
        provider: { description: "Takes no configuration.", inputProperties: {} },
        resources: Object.fromEntries(
            Object.entries(table).map(([type, load]) => [`qptunnel:index:${type}`, resourceSchema(load())]),
        ),
        functions: Object.fromEntries(
            Object.entries(functions).map(([name, load]) => [`qptunnel:index:${name}`, functionSchema(load())]),
        ),
    };
}

function functionSchema({ description, inputs, outputs }: PluginFunction): object {
    const side = (all: Record<string, PropertySchema>): object => ({
        type: "object",
        properties: properties(all),
        required: Object.keys(all).filter((name) => !all[name]!.optional),
    });
    return { description, inputs: side(inputs), outputs: side(outputs) };
}

function resourceSchema(resource: Resource): object {
    const { inputs, outputs } = resource.schema;
    return {
        description: resource.description,
        inputProperties: properties(inputs),
        requiredInputs: Object.keys(inputs).filter((name) => !inputs[name]!.optional),
        properties: properties(outputs),
        required: Object.keys(outputs).filter((name) => !outputs[name]!.optional),
    };
}

function properties(all: Record<string, PropertySchema>): object {
    return Object.fromEntries(
        Object.entries(all).map(([name, { type, description, secret }]) => [
            name,
            { ...typeSpec(type), description, ...(secret ? { secret } : {}) },
        ]),
    );
}

const ANY = { $ref: "pulumi.json#/Any" };

function typeSpec(type: PropertySchema["type"]): object {
    if (type === "object") {
        return { type, additionalProperties: ANY };
    }
    return type === "array" ? { type, items: ANY } : { type };
}
