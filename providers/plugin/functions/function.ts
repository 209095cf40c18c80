import type { Properties, PropertySchema } from "../../resources/resource.js";

/** Something a program asks while it runs: it changes nothing and leaves nothing in the state. */
export interface PluginFunction {
    description: string;
    inputs: Record<string, PropertySchema>;
    outputs: Record<string, PropertySchema>;
    /** @param args resolved; secrets in them are unwrapped */
    invoke(args: Properties): Promise<Properties>;
}

/** By name: "getStatus" of qptunnel:index:getStatus. A function each, because a call of one must not load the others. */
export type FunctionTable = Record<string, () => PluginFunction>;
