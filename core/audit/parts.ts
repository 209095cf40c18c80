/**
 * Details too large for one line, as several records: each holds some members of the whole, at their place in the tree,
 * and says which part of how many it is. A ledger of ten thousand peers is such a record.
 */
import { canonicalJson } from "./canonical.js";
import { isObject } from "./entry.js";
import type { AuditEntry } from "./record.js";

type Details = Record<string, unknown>;

/**
 * @param details sanitized
 * @param limit bytes of canonical JSON in each part
 * @returns the details alone when they fit; otherwise parts with `part` (from 1) and `parts`
 */
export function splitDetails(details: Details, limit: number): Details[] {
    if (sizeOf(details) <= limit) return [details];
    const packer = new Packer(limit);
    packer.addMembers([], details);
    const { parts } = packer;
    return parts.map((part, index) => ({ ...part, part: index + 1, parts: parts.length }));
}

/**
 * The inverse of {@link splitDetails}.
 *
 * @param entries in any order
 * @returns undefined when a part is missing: the writer was killed between two lines
 */
export function joinDetails(entries: Pick<AuditEntry, "details">[]): Details | undefined {
    const first = entries[0];
    if (first === undefined) return undefined;
    if (!isPart(first.details)) return first.details;
    const byNumber = new Map(entries.map(({ details }) => [details["part"], details]));
    const whole: Details = {};
    for (let number = 1; number <= Number(first.details["parts"]); number++) {
        const details = byNumber.get(number);
        if (details === undefined) return undefined;
        const { part: _part, parts: _parts, ...members } = details;
        merge(whole, members);
    }
    return whole;
}

function isPart(details: Details): boolean {
    return typeof details["part"] === "number" && typeof details["parts"] === "number";
}

/** Puts records together that were written in parts, as they come. */
export class PartJoiner<Entry extends Pick<AuditEntry, "action" | "correlation_id" | "details">> {
    private readonly open = new Map<string, Entry[]>();

    constructor(private readonly order: "oldest" | "newest") {}

    /** @returns the record as its last line has it, with all its details; undefined while parts are to come */
    push(entry: Entry): Entry | undefined {
        const { details, action, correlation_id } = entry;
        if (!isPart(details)) return entry;
        const key = `${correlation_id} ${action}`;
        // Several records of one operation may have parts; each begins with the part that this order has first.
        const first = this.order === "oldest" ? 1 : details["parts"];
        const found = [...(details["part"] === first ? [] : (this.open.get(key) ?? [])), entry];
        this.open.set(key, found);
        if (found.length < Number(details["parts"])) return undefined;
        this.open.delete(key);
        const whole = joinDetails(found);
        const last = this.order === "oldest" ? entry : found[0];
        return whole === undefined ? undefined : { ...(last as Entry), details: whole };
    }
}

class Packer {
    readonly parts: Details[] = [{}];
    private used = 0;

    constructor(private readonly limit: number) {}

    addMembers(path: string[], object: Details): void {
        for (const [key, value] of Object.entries(object)) this.add([...path, key], value);
    }

    private add(path: string[], value: unknown, inArray = false): void {
        const size = sizeOf(value) + path.reduce((sum, key) => sum + key.length + 6, 0);
        if (this.used + size > this.limit) {
            if (!inArray && isObject(value) && Object.keys(value).length > 0) return this.addMembers(path, value);
            if (!inArray && Array.isArray(value) && value.length > 0) {
                for (const item of value) this.add(path, item, true);
                return;
            }
            if (size > this.limit) return this.add(path, `(${size} bytes left out)`, inArray);
            this.parts.push({});
            this.used = 0;
        }
        this.used += size;
        place(this.parts.at(-1) as Details, path, value, inArray);
    }
}

/** Puts a value at its path; an item goes to the end of the array there. */
function place(target: Details, path: string[], value: unknown, inArray: boolean): void {
    let object = target;
    for (const key of path.slice(0, -1)) {
        if (!Object.hasOwn(object, key)) define(object, key, {});
        object = object[key] as Details;
    }
    const key = path.at(-1) as string;
    if (!inArray) return define(object, key, value);
    if (!Object.hasOwn(object, key)) define(object, key, []);
    (object[key] as unknown[]).push(value);
}

function merge(target: Details, source: Details): void {
    for (const [key, value] of Object.entries(source)) {
        const present = Object.hasOwn(target, key) ? target[key] : undefined;
        if (isObject(present) && isObject(value)) merge(present, value);
        else if (Array.isArray(present) && Array.isArray(value)) present.push(...(value as unknown[]));
        else define(target, key, structuredClone(value));
    }
}

/** Plain assignment would lose a member called __proto__. */
function define(object: Details, key: string, value: unknown): void {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function sizeOf(value: unknown): number {
    return Buffer.byteLength(canonicalJson(value));
}
