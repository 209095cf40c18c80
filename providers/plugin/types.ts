import type { ValueType } from "../resources/valueType.js";

/*
 * Types of the package's schema, for SDKs: Pulumi's words for them are at
 * https://www.pulumi.com/docs/iac/extending-pulumi/schema/.
 */

/** One property of a component, or of an object type. */
export interface TypedProperty {
    of: ValueType;
    description: string;
    /** May be left out. */
    optional?: true;
    /** What it is then; for generated SDKs. */
    default?: string | number | boolean;
    secret?: true;
}

export type TypedProperties = Record<string, TypedProperty>;

/** A type with a name of its own: `qptunnel:index:NAME`. */
export type NamedType =
    | { description: string; properties: TypedProperties }
    /** Names, in the spelling of languages that name members of an enumeration, to values. */
    | { description: string; values: Record<string, { value: string; description: string }> };

export type NamedTypes = Record<string, NamedType>;

/** A type as the schema says it. */
export function typeSpec(type: ValueType): object {
    if (typeof type === "string") return { type };
    if ("list" in type) return { type: "array", items: typeSpec(type.list) };
    if ("map" in type) return { type: "object", additionalProperties: typeSpec(type.map) };
    if ("oneOf" in type) return { oneOf: type.oneOf.map(typeSpec) };
    return { $ref: `#/types/qptunnel:index:${type.named}` };
}

export function propertySpecs(properties: TypedProperties): object {
    return Object.fromEntries(
        Object.entries(properties).map(([name, { of, description, default: otherwise, secret }]) => [
            name,
            {
                ...typeSpec(of),
                description,
                ...(otherwise === undefined ? {} : { default: otherwise }),
                ...(secret ? { secret } : {}),
            },
        ]),
    );
}

export function requiredOf(properties: TypedProperties): string[] {
    return Object.keys(properties).filter((name) => !properties[name]!.optional);
}

export function namedTypeSpecs(types: NamedTypes): object {
    return Object.fromEntries(
        Object.entries(types).map(([name, type]) => [`qptunnel:index:${name}`, namedTypeSpec(type)]),
    );
}

function namedTypeSpec(type: NamedType): object {
    const { description } = type;
    if ("values" in type) {
        const values = Object.entries(type.values).map(([name, member]) => ({ name, ...member }));
        return { type: "string", description, enum: values };
    }
    const { properties } = type;
    return { type: "object", description, properties: propertySpecs(properties), required: requiredOf(properties) };
}
