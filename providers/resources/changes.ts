import { UNKNOWN, type ChangeKind, type Properties } from "./resource.js";

/**
 * Compares inputs the way a reviewer reads them: a map by its keys (ADD and DELETE on the key), what is inside an
 * entry by its fields (UPDATE on the field), a scalar or a list as a whole. Order of keys means nothing.
 *
 * @param keys the top-level inputs that count; everything else may change quietly
 */
export function changesOf(olds: Properties, news: Properties, keys: readonly string[]): Record<string, ChangeKind> {
    const changes: Record<string, ChangeKind> = {};
    for (const key of keys) compare(changes, key, olds[key], news[key], 0);
    return changes;
}

/** JSON equality without regard to key order. UNKNOWN equals nothing but itself. */
export function same(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b))
        return a.length === b.length && a.every((item, index) => same(item, b[index]));
    if (!isMap(a) || !isMap(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** A property path with every part quoted that needs it. */
export function join(path: string, part: string): string {
    return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `${path}.${part}` : `${path}[${JSON.stringify(part)}]`;
}

/** True when a value that is not known yet is anywhere inside. */
export function hasUnknown(value: unknown): boolean {
    if (value === UNKNOWN) return true;
    if (Array.isArray(value)) return value.some(hasUnknown);
    return isMap(value) && Object.values(value).some(hasUnknown);
}

export function isMap(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

const DEEPEST = 2;

function compare(
    changes: Record<string, ChangeKind>,
    path: string,
    before: unknown,
    after: unknown,
    depth: number,
): void {
    if (same(before, after)) return;
    if (before === undefined) changes[path] = "add";
    else if (after === undefined) changes[path] = "delete";
    else if (depth < DEEPEST && isMap(before) && isMap(after)) {
        for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
            compare(changes, join(path, key), before[key], after[key], depth + 1);
        }
    } else changes[path] = "update";
}
