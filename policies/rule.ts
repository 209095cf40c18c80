import type { AnalyzedResource, OptionSchema, Report, StackResource } from "./policy.js";

/** What a policy asks of a stack. What is wrong is said as everywhere: subject, problem, fix. */
export interface Rule<Options> {
    description: string;
    options: Record<string, OptionSchema>;
    /** Asked of the inputs of each resource of these types, before it is applied. */
    inputs?: {
        types: readonly string[];
        violations(resource: AnalyzedResource, options: Options): string[];
    };
    /** Asked once of all resources, at the end of a preview or update. */
    stack?(resources: readonly StackResource[], options: Options, report: Report): void;
}

export type NoOptions = Record<never, never>;

/** Names that a rule leaves out. */
export interface Exceptions {
    except: string[];
}

/** An option with names, in which `*` stands for any characters. */
export function namesOption(description: string, names: string[]): OptionSchema {
    return {
        type: "array",
        items: { type: "string" },
        description: `${description}; * stands for any text`,
        default: names,
    };
}

/** Whether a name is one of those that are listed, in which `*` stands for any characters. */
export function isListed(name: string, listed: readonly string[]): boolean {
    return listed.some((pattern) => {
        const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
        return new RegExp(`^${parts.join(".*")}$`).test(name);
    });
}
