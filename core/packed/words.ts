/**
 * Lines that travel as one value of a resource each: an entry of a map in words. The first have a place, the others follow their names,
 * as far as they are there. The engine's time follows the number of values, and a line is one that a reviewer can read.
 */
import { InvalidArgument } from "../errors.js";

/** How a field of an entry is written as one word. undefined: it does not fit, or is not known yet. */
export interface Word<Value> {
    write(value: unknown): string | undefined;
    read(word: string): Value;
    /** The name alone says it: `true`. */
    readonly isFlag?: true;
    /** It takes the rest of the line, spaces included. */
    readonly isRest?: true;
}

/** The words that have a place, each for one field of an entry or several. */
export interface Place<Entry> {
    of: readonly (keyof Entry & string)[];
    write(entry: { readonly [Field in keyof Entry]?: unknown }): string | undefined;
    read(word: string): Partial<Entry>;
}

/** A word with a name, for a field that may be absent. */
export interface Named<Entry> {
    name: string;
    of: keyof Entry & string;
    word: Word<unknown>;
}

export interface Line<Entry> {
    /** undefined: something in the entry does not fit, so the entry travels as it is. */
    write(entry: object): string | undefined;
    /** @throws InvalidArgument at a name that this version does not know @param subject what the line is called then */
    read(line: string, subject: () => string): Entry;
}

/** @param what what a line is, in an error */
export function line<Entry extends object>(
    what: string,
    places: readonly Place<Entry>[],
    named: readonly Named<Entry>[],
): Line<Entry> {
    const byName = new Map(named.map((each) => [each.name, each]));
    const fields = new Set<string>([...places.flatMap(({ of }) => of), ...named.map(({ of }) => of)]);
    return {
        write(entry) {
            const values = entry as { readonly [Field in keyof Entry]?: unknown };
            if (Object.keys(entry).some((field) => !fields.has(field))) return undefined;
            const words: (string | undefined)[] = places.map((place) => place.write(values));
            for (const { name, of, word } of named) {
                if (values[of] === undefined) continue;
                const written = word.write(values[of]);
                words.push(word.isFlag && written !== undefined ? name : written && `${name} ${written}`);
            }
            return words.includes(undefined) ? undefined : words.join(" ");
        },
        read(text, subject) {
            const words = text.split(" ");
            const entry: Partial<Entry> = {};
            places.forEach((place, index) => Object.assign(entry, place.read(words[index] ?? NONE)));
            for (let at = places.length; at < words.length; at++) {
                const column = byName.get(words[at] ?? "");
                if (column === undefined) throw unreadable(what, subject);
                const { of, word } = column;
                const rest = words.slice(at + 1);
                const value = word.isFlag ? "" : word.isRest ? rest.join(" ") : rest[0];
                if (value === undefined) throw unreadable(what, subject);
                entry[of] = word.read(value) as Entry[typeof of];
                if (word.isRest) break;
                if (!word.isFlag) at++;
            }
            return entry as Entry;
        },
    };
}

/** Where a word with a place has nothing to say. */
export const NONE = "-";

/** What separates nothing: no space, no comma, and not the word for nothing. */
export const fits = (value: unknown): value is string =>
    typeof value === "string" && value !== NONE && /^[\x21-\x2b\x2d-\x7e]+$/.test(value);

export const text: Word<string> = { write: (value) => (fits(value) ? value : undefined), read: (word) => word };

export const number: Word<number> = {
    write: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? String(value) : undefined),
    read: Number,
};

/** Several, at least one, separated by commas. */
export const list: Word<string[]> = {
    write: (values) =>
        Array.isArray(values) && values.length > 0 && values.every(fits) ? values.join(",") : undefined,
    read: (word) => word.split(","),
};

export const flag: Word<true> = {
    write: (value) => (value === true ? "" : undefined),
    read: () => true,
    isFlag: true,
};

export const rest: Word<string> = {
    write: (value) => (typeof value === "string" && value !== "" ? value : undefined),
    read: (word) => word,
    isRest: true,
};

function unreadable(what: string, subject: () => string): InvalidArgument {
    return new InvalidArgument(
        subject(),
        `is not ${what} that this version of pulumi-qp-tunnel can read`,
        "use the version that the state was written with, or a newer one",
    );
}
