/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** RFC 3339 in UTC, without a fraction of a second where it is zero. */
export function rfc3339(moment: Date): string {
    return moment.toISOString().replace(".000Z", "Z");
}

/** The same of Unix seconds. */
export function rfc3339Of(seconds: number): string {
    return rfc3339(new Date(seconds * 1000));
}
