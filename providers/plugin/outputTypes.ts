/** Types alone: what each managed resource puts out, out of the table of resources. Nothing of them is loaded. */
import type { Produces } from "../resources/resource.js";
import type { resources } from "./registry.js";

export type ResourceType = keyof typeof resources;

/** Outputs of a resource by name: those that its type names, and no others. */
export type OutputsOf<Type extends ResourceType> =
    ReturnType<(typeof resources)[Type]> extends Produces<infer Outputs> ? Named<Outputs> : never;

/** Without the properties that a type has under any name. */
type Named<Outputs> = {
    [Name in keyof Outputs as string extends Name ? never : Name]-?: Exclude<Outputs[Name], undefined>;
};
