/*
 * What the state calls a difference: its kind, and behind it what of that kind differs. The map in the state has these names, so
 * they are put together and taken apart here alone.
 */

/** Kinds on which something depends; the longer name comes first where one begins like another. */
const KINDS = ["records", "certificate file", "certificate", "issuer"] as const;

export type DriftKind = (typeof KINDS)[number];

export function driftName(kind: DriftKind, name: string): string {
    return `${kind} ${name}`;
}

/** undefined: another kind, on which nothing depends. */
export function driftKind(name: string): DriftKind | undefined {
    return KINDS.find((kind) => name === kind || name.startsWith(`${kind} `));
}

/** Whether there is a difference of one of these kinds. */
export function differsIn(drift: Record<string, string> | undefined, ...kinds: DriftKind[]): boolean {
    return Object.keys(drift ?? {}).some((name) => kinds.some((kind) => driftKind(name) === kind));
}
