import type { ComponentSchema, ComponentTable } from "./components/component.js";
import { type FunctionTable, type PluginFunction } from "./functions/function.js";
import { type PropertySchema, type Resource } from "../resources/resource.js";
import { type ResourceTable } from "./registry.js";
import { resourceTypes } from "./resourceTypes.js";
import { namedTypeSpecs, type NamedTypes, propertySpecs, requiredOf, typeSpec } from "./types.js";

/**
 * The package's Pulumi schema, from what each resource says about itself: for SDK generation, `pulumi package
 * get-schema`, policies and the documentation. Format: https://www.pulumi.com/docs/iac/extending-pulumi/schema/.
 */
export function packageSchema(
    version: string,
    table: ResourceTable,
    functions: FunctionTable = {},
    components: ComponentTable = {},
): object {
    const declared = Object.entries(components).map(([type, { schema }]) => [type, schema()] as const);
    return {
        name: "qptunnel",
        displayName: "qp-tunnel",
        version,
        description:
            "WireGuard relays as code: previewed, applied without interrupting other peers, read back from the kernel, and recorded in a sealed log. Programs declare a Relay; the other resources are what it is made of.",
        keywords: ["wireguard", "vpn", "relay"],
        license: "Apache-2.0",
        language: { nodejs: { respectSchemaVersion: true } },
        config: {},
        provider: { description: "Takes no configuration.", inputProperties: {} },
        types: namedTypeSpecs(
            Object.assign({}, resourceTypes, ...declared.map(([, { types }]) => types)) as NamedTypes,
        ),
        resources: Object.fromEntries([
            ...declared.map(([type, component]) => [`qptunnel:index:${type}`, componentSchema(component)]),
            ...Object.entries(table).map(([type, load]) => [`qptunnel:index:${type}`, resourceSchema(load())]),
        ]) as object,
        functions: Object.fromEntries(
            Object.entries(functions).map(([name, load]) => [`qptunnel:index:${name}`, functionSchema(load())]),
        ),
    };
}

function componentSchema({ description, inputs, outputs }: ComponentSchema): object {
    return {
        isComponent: true,
        description,
        inputProperties: propertySpecs(inputs),
        requiredInputs: requiredOf(inputs),
        properties: propertySpecs(outputs),
        required: requiredOf(outputs),
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
