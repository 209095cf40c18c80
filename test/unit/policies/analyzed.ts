import type { AnalyzedResource, StackResource } from "../../../policies/policy.js";
import type { Rule } from "../../../policies/rule.js";

/** What a preview does not know, as the engine's library has it: it throws when it is read. */
export function withUnknown(props: Record<string, unknown>, key: string): Record<string, unknown> {
    return Object.defineProperty({ ...props }, key, {
        enumerable: true,
        get() {
            throw new Error(`${key} can't be known during preview`);
        },
    });
}

/** A resource of the relay "office", as the engine shows it. */
export function analyzed(type: string, props: Record<string, unknown>): AnalyzedResource {
    return {
        type: `qptunnel:index:${type}`,
        name: `office-${type.toLowerCase()}`,
        props: { relay: "office", ...props },
    };
}

/** One resource of a stack, with its outputs. */
export function inStack(
    type: string,
    name: string,
    props: Record<string, unknown> = {},
    parent = "Relay",
): StackResource {
    const above = { type: `qptunnel:index:${parent}`, name: "office", urn: "urn:parent", props: {} };
    return { type: `qptunnel:index:${type}`, name, urn: `urn:${name}`, props, parent: above };
}

/** What a rule says of the inputs of a resource. */
export function saidOf<Options>({ inputs }: Rule<Options>, resource: AnalyzedResource, options: Options): string[] {
    if (!inputs?.types.includes(resource.type)) throw new Error(`the rule does not look at ${resource.type}`);
    return inputs.violations(resource, options);
}

/** What a rule says of a stack, and by which resource. */
export function saidOfStack<Options>(rule: Rule<Options>, resources: StackResource[], options: Options): string[] {
    const said: string[] = [];
    rule.stack!(resources, options, (message, urn) => said.push(`${urn}: ${message}`));
    return said;
}
