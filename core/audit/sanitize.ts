/**
 * Makes anything a record: what callers hand over (error texts, kernel output, names) becomes text and integers that every
 * reader and every capsule implementation understands alike. Nothing here fails, because a record has to be written.
 */
import { KEY_PATTERN } from "./canonical.js";
import type { AuditEntry } from "./record.js";

/** Characters a string keeps; what is cut is counted in its place. */
export const MAX_STRING = 16_384;

const MAX_DEPTH = 16;

/** The entry with every text and all details in the strict profile. */
export function sanitizeEntry<Entry extends Pick<AuditEntry, "message" | "user" | "details">>(entry: Entry): Entry {
    return {
        ...entry,
        message: sanitizeText(entry.message),
        user: sanitizeText(entry.user),
        details: sanitizeDetails(entry.details),
    };
}

export function sanitizeDetails(details: Record<string, unknown>): Record<string, unknown> {
    return sanitizeValue(details, 0) as Record<string, unknown>;
}

/**
 * Well-formed text on one line. Control characters become their visible pictures (a newline ␊), so that a record cannot
 * move a terminal's cursor; direction marks, which hide what a line says, become their code points.
 */
export function sanitizeText(text: string): string {
    const cut =
        text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}… (${text.length - MAX_STRING} more characters)` : text;
    return cut.replace(INVISIBLE, (character) => {
        const code = character.codePointAt(0) ?? 0;
        if (code < 0x20) return String.fromCharCode(0x2400 + code);
        if (code === 0x7f) return "\u2421";
        if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
        return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
    });
}

/** Control characters, lone surrogates, line separators, and marks that take no room or reorder text. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu;

/** undefined when the value has no place in a record (undefined, functions, symbols). */
function sanitizeValue(value: unknown, depth: number): unknown {
    switch (typeof value) {
        case "string":
            return sanitizeText(value);
        case "boolean":
            return value;
        case "number":
            return Number.isSafeInteger(value) ? value + 0 : String(value);
        case "bigint":
            return String(value);
        case "object":
            if (value === null) return null;
            if (depth >= MAX_DEPTH) return "(nested too deeply)";
            return sanitizeObject(value, depth);
        default:
            return undefined;
    }
}

function sanitizeObject(value: object, depth: number): unknown {
    if (Array.isArray(value)) return value.map((item) => sanitizeValue(item, depth + 1) ?? null);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "(no date)" : value.toISOString();
    if (value instanceof Error) return sanitizeText(value.message);
    const taken = new Set<string>();
    const members = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
        const kept = sanitizeValue(member, depth + 1);
        return kept === undefined ? [] : [[sanitizeKey(key, taken), kept]];
    });
    // Not by assignment: a member called __proto__ would vanish.
    return Object.fromEntries(members);
}

/** Two keys that would become one stay two. */
function sanitizeKey(key: string, taken: Set<string>): string {
    const plain = KEY_PATTERN.test(key) ? key : key.replace(/[^A-Za-z0-9_.-]/gu, "_") || "_";
    let free = plain;
    for (let n = 2; taken.has(free); n++) free = `${plain}_${n}`;
    taken.add(free);
    return free;
}
