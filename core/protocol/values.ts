/** Tables of named values: manifests, facts, what a machine is. */
import { linesOf, tableLine, wordsLine } from "./table.js";

export type Value = string | number | undefined;

export interface ValuesTable<Key extends string> {
    /** What is undefined is left out; each of several values has a line. */
    render(values: Partial<Record<Key, Value | readonly string[]>>): string;
    parse(text: string | undefined): Values<Key>;
}

/** What a table of values says. */
export interface Values<Key extends string> {
    /** The first value of a key. */
    one(key: Key): string | undefined;
    /** Every value of a key, in order: a key may repeat. */
    all(key: Key): string[];
}

/**
 * A table of the values of its keys, one a line:
 *
 *     machine    4c4c4544
 *     mark       7f3a
 *
 * @param name what an error calls it
 */
export function valuesTable<Key extends string>(name: string, separator: "\t" | " " = "\t"): ValuesTable<Key> {
    const line = separator === "\t" ? tableLine : wordsLine;
    return {
        render: (values) =>
            Object.entries<Value | readonly string[]>(values)
                .flatMap(([key, value]) => [value].flat().map((each) => [key, each] as const))
                .flatMap(([key, value]) => (value === undefined ? [] : [line(name, [key, value])]))
                .join(""),
        parse: (text) => valuesOf(text, separator),
    };
}

/** What a line has no separator in is no value. */
function valuesOf(text: string | undefined, separator: string): Values<string> {
    const values = new Map<string, string[]>();
    for (const each of linesOf(text)) {
        const at = each.indexOf(separator);
        if (at < 0) continue;
        const key = each.slice(0, at);
        values.set(key, [...(values.get(key) ?? []), each.slice(at + 1)]);
    }
    return { one: (key) => values.get(key)?.[0], all: (key) => values.get(key) ?? [] };
}
