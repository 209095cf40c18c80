import { z } from "zod";
import { InvalidArgument, TunnelError } from "../errors.js";
import type { Fault } from "../fault.js";
import { refuse } from "./faults.js";

/**
 * The value as the schema understands it, defaults filled in.
 *
 * @param subject what the value is called: "relay", "peers.alice"
 * @throws InvalidArgument naming every fault at once as "path: problem; fix". No message contains a value of a secret
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown, subject: string): T {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) {
        return result.data;
    }
    return refuse(
        subject,
        result.error.issues.flatMap((issue) => faultsOf(issue, subject)),
    );
}

/**
 * Refuses a key that is named and undefined: a misspelt field or an unset variable would otherwise become a new key.
 *
 * @param keys what happens to each when it is left out
 */
export function refuseUndefined(subject: string, args: object, keys: Record<string, string>): void {
    for (const [key, value] of Object.entries(args)) {
        const otherwise = Object.hasOwn(keys, key) ? keys[key] : undefined;
        if (value !== undefined || otherwise === undefined) continue;
        const fix = `correct the source of the value, or omit ${key} to have one ${otherwise}`;
        throw new InvalidArgument(`${subject}.${key}`, "is set to undefined", fix);
    }
}

/** A string that one of our parsers understands; the parser's own words are the fault. */
export function text<T>(parse: (text: string, subject: string) => T) {
    return z.string().transform((value, context): T => understood(() => parse(value, ""), context));
}

/**
 * A value that another resource may supply. A plain string is checked now; a promise of one (an Output) is let through
 * as it is, and checked where the value is known.
 */
export function supplied<T extends string>(parse: (text: string, subject: string) => T) {
    // Not a transform: one that returns a promise is waited for, and then nothing can be validated at once.
    return z.unknown().check((context) => {
        const { value } = context;
        if (typeof value === "string") context.value = understood(() => parse(value, ""), issuesOf(context));
        else if ((typeof value !== "object" || value === null) && typeof value !== "function")
            fail(issuesOf(context), wrongType(value, "a string"), "give a string");
    }) as z.ZodType<unknown> as z.ZodType<T | object>;
}

/** One of several forms, chosen by looking at the value, so that the fault is about the form that was meant. */
export function form<T>(choose: (value: unknown) => z.ZodType<T>) {
    // Not a transform: the value may be a promise.
    return z.unknown().check((context) => judge(choose(context.value), context)) as z.ZodType<unknown> as z.ZodType<T>;
}

/** Has another schema judge a value: what it makes of it, or its issues, are those of this one. */
export function judge(schema: z.ZodType<unknown>, context: z.core.ParsePayload): void {
    const result = schema.safeParse(context.value, { reportInput: true });
    if (result.success) context.value = result.data;
    else context.issues.push(...(result.error.issues as z.core.$ZodRawIssue[]));
}

/** Where the issues of a schema are collected. */
interface Issues {
    addIssue(issue: { code: "custom"; message: string; params: Pick<Fault, "problem" | "fix"> }): void;
}

function issuesOf({ value, issues }: z.core.ParsePayload): Issues {
    return { addIssue: (issue) => void issues.push({ ...issue, input: value }) };
}

/** Runs a check; what it refuses becomes an issue of the schema. Its subject, if any, is the path below. */
export function understood<T>(check: () => T, context: Issues): T {
    try {
        return check();
    } catch (error) {
        if (!(error instanceof TunnelError)) {
            throw error;
        }
        return fail(context, error.problem, error.fix);
    }
}

function fail(context: Issues, problem: string, fix: string): never {
    context.addIssue({ code: "custom", message: `${problem}; ${fix}`, params: { problem, fix } });
    return z.NEVER;
}

/** zod's issues in our words: what is wrong, what would be right. Never the value itself, which may be a secret. */
function faultsOf(issue: z.core.$ZodIssue, subject: string): Fault[] {
    const path = propertyPath(subject, issue.path);
    switch (issue.code) {
        case "invalid_type":
            return [{ path, ...mistyped(issue.input, ARTICLE[issue.expected] ?? issue.expected) }];
        case "unrecognized_keys":
            return issue.keys.map((key) => ({
                path: `${path}.${key}`,
                problem: "is not an argument",
                fix: "correct the spelling, or remove it",
            }));
        case "invalid_value":
            return [{ path, problem: "is not an allowed value", fix: `choose ${list(issue.values)}` }];
        case "too_small":
        case "too_big":
            return [{ path, ...bound(issue) }];
        case "custom": {
            const { problem, fix } = (issue.params ?? {}) as Partial<Fault>;
            if (problem !== undefined && fix !== undefined) {
                return [{ path, problem, fix }];
            }
            break;
        }
        default:
    }
    throw new Error(`no words for the issue ${issue.code} at ${path}`);
}

/** "relay", ["grants", 0, "to"] → "relay.grants[0].to" */
function propertyPath(subject: string, keys: readonly PropertyKey[]): string {
    return keys.reduce<string>(
        (path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`),
        subject,
    );
}

const ARTICLE: Partial<Record<string, string>> = {
    string: "a string",
    number: "a number",
    int: "an integer",
    boolean: "true or false",
    array: "a list",
    object: "an object",
    record: "an object",
};

function mistyped(value: unknown, expected: string): { problem: string; fix: string } {
    return { problem: wrongType(value, expected), fix: `give ${expected}` };
}

function wrongType(value: unknown, expected: string): string {
    if (value === undefined || value === null) {
        return value === null ? "is null" : "is missing";
    }
    if (isSupplied(value)) {
        return `is an Output, but must be known when the program runs`;
    }
    const actual = Array.isArray(value) ? "a list" : (ARTICLE[typeof value] ?? `a ${typeof value}`);
    const known = actual === expected || expected === ARTICLE.int;
    return typeof value === "number" && known ? `is not ${expected}` : `is ${actual}, not ${expected}`;
}

/** Whether it is an Output or a promise, and its value known later. */
export function isSupplied(value: unknown): boolean {
    return (
        value instanceof Promise ||
        (typeof value === "object" && value !== null && "__pulumiOutput" in value && value.__pulumiOutput === true)
    );
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): { problem: string; fix: string } {
    const small = issue.code === "too_small";
    const limit = String(small ? issue.minimum : issue.maximum);
    if (issue.origin === "array" || issue.origin === "string") {
        const unit = (issue.origin === "array" ? ["entry", "entries"] : ["character", "characters"])[
            limit === "1" ? 0 : 1
        ];
        return {
            problem: small ? "is too short" : "is too long",
            fix: `give at ${small ? "least" : "most"} ${limit} ${unit}`,
        };
    }
    return { problem: small ? "is too small" : "is too large", fix: `choose ${limit} or ${small ? "more" : "less"}` };
}

function list(values: readonly unknown[]): string {
    const quoted = values.map((value) => JSON.stringify(value));
    return quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : String(quoted[0]);
}
