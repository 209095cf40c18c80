import { linesOf } from "../protocol/table.js";

/** On what conditions something is allowed, and why. */
export interface Terms {
    /** RFC 3339, UTC. The relay ends it then. Absent: it does not end. */
    until?: string | undefined;
    /** Hours of the week in which it is allowed, from `windowText`. Absent: all. */
    window?: string | undefined;
    /** Why it is allowed, for people. */
    reason?: string | undefined;
    /** Where it was asked for and approved. */
    ticket?: string | undefined;
    /** The groups through which alone the peers are meant. */
    groups?: readonly string[] | undefined;
}

/** Terms by the text of the access rule (`formatRule`) that they are about. A rule that does not end and has no more to say is not in it. */
export type RuleTerms = Record<string, Terms>;

/** Terms under which nothing is special. */
export function isPlain(terms: Terms): boolean {
    return Object.values(terms).every(
        (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0),
    );
}

/**
 * Of two that allow the same, the one that allows it for longer; of equal ones, that of the peer's own name. undefined: each allows it at a
 * time when the other one does not.
 */
export function longest(one: Terms, other: Terms): Terms | undefined {
    const [isFirst, isSecond] = [isAtLeast(one, other), isAtLeast(other, one)];
    if (!isFirst && !isSecond) return undefined;
    if (isFirst !== isSecond) return isFirst ? one : other;
    const [first = [], second = []] = [one.groups, other.groups];
    const groups = first.length === 0 || second.length === 0 ? [] : [...new Set([...first, ...second])];
    const told = one.reason === undefined && one.ticket === undefined ? other : one;
    return { ...told, groups: groups.length === 0 ? undefined : groups };
}

function isAtLeast(one: Terms, other: Terms): boolean {
    const isWider = one.window === undefined || one.window === other.window;
    const isLonger = one.until === undefined || (other.until !== undefined && one.until >= other.until);
    return isWider && isLonger;
}

/** Those of some rules. @param rules by source */
export function termsOfRules(rules: Record<string, readonly string[]>, terms: RuleTerms): RuleTerms {
    const texts = new Set(Object.values(rules).flat());
    return Object.fromEntries(Object.entries(terms).filter(([rule]) => texts.has(rule)));
}

/** Whether it is allowed at some times only. */
export function isTimed({ until, window }: Pick<Terms, "until" | "window">): boolean {
    return until !== undefined || window !== undefined;
}

/** Whether a right has ended. */
export function hasEnded({ until }: Pick<Terms, "until">, now: Date): boolean {
    return until !== undefined && Date.parse(until) <= now.getTime();
}

/**
 * The terms of rules as one text of the state, a line for each.
 *
 *     10.8.0.2 -> 10.8.0.4 tcp/22 {"until":"2027-01-31T18:00:00Z","ticket":"OPS-7"}
 */
export function renderTerms(terms: RuleTerms): string {
    return Object.keys(terms)
        .sort()
        .map((rule) => `${rule} ${termsJson(terms[rule] ?? {})}\n`)
        .join("");
}

/** The inverse of {@link renderTerms}. Lines that are not of this form are passed over. */
export function parseTerms(text: string | undefined): RuleTerms {
    return Object.fromEntries(
        linesOf(text).flatMap((line): [string, Terms][] => {
            const { rest, terms } = withTerms(line);
            return terms === undefined ? [] : [[rest, terms]];
        }),
    );
}

/** Terms as JSON, always in the same order, in one line. */
export function termsJson({ until, window, reason, ticket, groups }: Terms): string {
    return JSON.stringify({ until, window, reason, ticket, groups: groups?.length === 0 ? undefined : groups });
}

/** A line that may end with terms as JSON. */
export function withTerms(line: string): { rest: string; terms?: Terms } {
    const at = line.indexOf(" {");
    if (at < 0 || !line.endsWith("}")) return { rest: line };
    const terms = termsIn(line.slice(at + 1));
    return terms === undefined ? { rest: line } : { rest: line.slice(0, at), terms };
}

/** "until 2027-01-31T18:00:00Z, ticket OPS-7, by group admins: night shift", or nothing. */
export function termsWords({ until, window, reason, ticket, groups = [] }: Terms): string {
    const words = [
        ...(window === undefined ? [] : [`on ${window}`]),
        ...(until === undefined ? [] : [`until ${until}`]),
        ...(ticket === undefined ? [] : [`ticket ${ticket}`]),
        ...(groups.length === 0 ? [] : [byGroups(groups)]),
    ].join(", ");
    return [words, reason].filter((part) => part !== undefined && part !== "").join(": ");
}

/** "by group admins", "by groups admins and ops" */
export function byGroups(groups: readonly string[]): string {
    return `by ${groups.length === 1 ? "group" : "groups"} ${groups.join(" and ")}`;
}

/** What reasons and tickets may be: one line, so that a table, a record and a comment show them as they are. */
export const TERM_TEXT = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

/** What the JSON of terms holds; undefined for anything else. */
function termsIn(json: string): Terms | undefined {
    let value: unknown;
    try {
        value = JSON.parse(json);
    } catch {
        return undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const isFit = Object.entries(value).every(([key, each]: [string, unknown]) =>
        key === "groups"
            ? Array.isArray(each) && each.every((group) => typeof group === "string")
            : ["until", "window", "reason", "ticket"].includes(key) && typeof each === "string",
    );
    return isFit ? value : undefined;
}
