/*
 * What `@pulumi/policy` takes and gives, as far as the rules need it. Its own types are not imported: the package is optional, and
 * programs compile without it.
 */

/** How strictly a rule is enforced: a violation is shown, fails the preview or update, or is not looked for. */
export type EnforcementLevel = "advisory" | "mandatory" | "disabled";

/** One resource as the engine shows it: its inputs before it is applied, or its outputs at the end. */
export interface AnalyzedResource {
    type: string;
    name: string;
    props: Record<string, unknown>;
}

/** A resource of the whole stack, with its outputs. */
export interface StackResource extends AnalyzedResource {
    urn: string;
    parent?: StackResource;
}

/** JSON schema of one option of a rule. */
export interface OptionSchema {
    type: "integer" | "boolean" | "array";
    description: string;
    items?: { type: "string" };
    minimum?: number;
    default?: number | boolean | string[];
}

interface Configured {
    /** What the person who runs the pack configured, with defaults. */
    getConfig(): object;
}

/** Reports what is wrong with a resource: the one that is looked at, or the one with a URN. */
export type Report = (message: string, urn?: string) => void;

/** A policy on single resources, as `PolicyPack` takes it. */
interface ResourcePolicy extends Policy {
    validateResource: (args: AnalyzedResource & Configured, report: Report) => void;
}

/** A policy on the whole stack, as `PolicyPack` takes it. */
interface StackPolicy extends Policy {
    validateStack: (args: { resources: StackResource[] } & Configured, report: Report) => void;
}

interface Policy {
    name: string;
    description: string;
    enforcementLevel?: EnforcementLevel;
    configSchema: { properties: Record<string, OptionSchema> };
}

export type RelayPolicy = ResourcePolicy | StackPolicy | (ResourcePolicy & StackPolicy);
