import type { AuditEntry } from "./record.js";

const FIELDS = ["timestamp", "action", "status", "message", "user", "details", "correlation_id"] as const;
const TIMESTAMP = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/;
const ACTION = /^[a-z][a-z0-9_-]{0,63}$/;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * What keeps a value from being a record of ours, in words for a person; undefined when nothing does.
 * Strings and numbers inside are judged by the canonical form (canonical.ts).
 */
export function entryProblem(value: unknown): string | undefined {
    if (!isObject(value)) return "it is not a JSON object";
    for (const field of FIELDS) {
        if (!Object.hasOwn(value, field)) return `it has no ${field}`;
    }
    const { timestamp, action, status, message, user, details, correlation_id } = value;
    if (typeof timestamp !== "string" || !isTimestamp(timestamp)) {
        return "its timestamp is not UTC in the form 2026-04-04T14:00:00Z or with six fraction digits";
    }
    if (typeof action !== "string" || !ACTION.test(action)) return `its action is not of the form ${ACTION.source}`;
    if (status !== "success" && status !== "failure") return "its status is neither success nor failure";
    if (typeof message !== "string") return "its message is not a string";
    if (typeof user !== "string") return "its user is not a string";
    if (!isObject(details)) return "its details are not an object";
    if (typeof correlation_id !== "string" || !UUID.test(correlation_id)) {
        return "its correlation_id is not a lowercase UUID";
    }
    return undefined;
}

/** A record's entry without its seal and without anything else that is around it. */
export function entryOf(line: AuditEntry): AuditEntry {
    const { timestamp, action, status, message, user, details, correlation_id } = line;
    return { timestamp, action, status, message, user, details, correlation_id };
}

/**
 * A moment in the log's form: whole seconds, or six fraction digits when there is a fraction. Other forms of the same
 * moment do not survive a round trip through every capsule implementation.
 *
 * @param milliseconds since 1970-01-01T00:00:00Z
 */
export function timestampOf(milliseconds: number): string {
    const iso = new Date(milliseconds).toISOString();
    return iso.endsWith(".000Z") ? `${iso.slice(0, 19)}Z` : `${iso.slice(0, 23)}000Z`;
}

/** Whether `later` is before `earlier`; both in the log's form. */
export function goesBackwards(earlier: string, later: string): boolean {
    // Without the Z a fraction sorts after its whole second.
    return later.slice(0, -1) < earlier.slice(0, -1);
}

export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** On the calendar, too: a 30th of February is refused by the readers that parse dates. */
function isTimestamp(text: string): boolean {
    if (!TIMESTAMP.test(text) || text.endsWith(".000000Z")) return false;
    const moment = new Date(text);
    return !Number.isNaN(moment.getTime()) && moment.toISOString().slice(0, 19) === text.slice(0, 19);
}
