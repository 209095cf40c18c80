import { invalid } from "../../core/errors.js";
import type { Fault } from "../../core/fault.js";
import { isMap } from "./changes.js";
import { UNKNOWN, type Unknown } from "./resource.js";

/*
 * What a value has to be like, so that inputs and outputs are typed from the border on. Written by hand: the plugin starts
 * for every command, and a library for schemas would be most of what it loads.
 */

/** What is wrong with a value, and where; undefined: it is a T. No message contains the value, which may be a secret. */
export interface Shape<T> {
    (value: unknown, path: string): Fault | undefined;
    /** Never there: for the compiler alone. */
    readonly of?: T;
}

/** A property that may be left out. */
export interface Optional<T> extends Shape<T | undefined> {
    readonly isOptional: true;
}

/** One shape for each property; a misspelt or forgotten one does not compile. */
export type Fields<T> = {
    [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? Optional<T[K]> : Shape<T[K]>;
};

export const text: Shape<string> = ofType("string");
export const number: Shape<number> = ofType("number");
export const flag: Shape<boolean> = ofType("boolean");

/** One of a few words. */
export function oneOf<T extends string>(...words: T[]): Shape<T> {
    return (value, path) =>
        words.some((word) => word === value)
            ? undefined
            : { path, problem: wrong(value, "one of the values it may have"), fix: `give ${words.join(" or ")}` };
}

export function listOf<T>(item: Shape<T>): Shape<T[]> {
    return (value, path) =>
        Array.isArray(value)
            ? first(value.map((each, index) => () => item(each, `${path}[${index}]`)))
            : { path, problem: wrong(value, "a list"), fix: "give a list" };
}

export function mapOf<T>(item: Shape<T>): Shape<Record<string, T>> {
    return (value, path) =>
        isMap(value)
            ? first(
                  Object.entries(value).map(
                      ([key, each]) =>
                          () =>
                              item(each, `${path}.${key}`),
                  ),
              )
            : { path, problem: wrong(value, "an object"), fix: "give an object" };
}

/** An object with these properties, and whatever else. */
export function fields<T>(shapes: Fields<T>): Shape<T> {
    const all: [string, Shape<unknown>][] = Object.entries(shapes);
    return (value, path) =>
        isMap(value)
            ? first(
                  all.map(
                      ([key, shape]) =>
                          () =>
                              shape(value[key], path === "" ? key : `${path}.${key}`),
                  ),
              )
            : { path, problem: wrong(value, "an object"), fix: "give an object" };
}

/** Two at once: of the same object, some properties by one shape and some by the other. */
export function both<A, B>(one: Shape<A>, other: Shape<B>): Shape<A & B> {
    return (value, path) => one(value, path) ?? other(value, path);
}

/** May not be known yet, in a preview. */
export function previewed<T>(shape: Shape<T>): Shape<T | Unknown> {
    return (value, path) => (value === UNKNOWN ? undefined : shape(value, path));
}

/** May be left out: states of older versions do not have it. */
export function optional<T>(shape: Shape<T>): Optional<T> {
    const read = (value: unknown, path: string): Fault | undefined =>
        value === undefined ? undefined : shape(value, path);
    return Object.assign(read, { isOptional: true as const });
}

/** A value that a preview may not know yet, where that counts as none. */
export function known<T>(value: T | Unknown | undefined): T | undefined {
    return value === UNKNOWN ? undefined : value;
}

/** Whatever it is: who uses it looks at it. */
export const anything: Shape<unknown> = () => undefined;

/**
 * The value as what it was read as, itself and not a copy.
 *
 * @throws InvalidArgument that names the property
 */
export function read<T, Value = unknown>(shape: Shape<T>, value: Value, subject = ""): Value & T {
    if (conforms(shape, value)) return value;
    throw invalid(shape(value, subject) ?? { path: subject, problem: "cannot be read", fix: "" });
}

export function conforms<T, Value = unknown>(shape: Shape<T>, value: Value): value is Value & T {
    return shape(value, "") === undefined;
}

function ofType(type: "string" | "number" | "boolean"): Shape<never> {
    return (value, path) => {
        if (typeof value === type) return undefined;
        const what = ARTICLE[type] ?? type;
        return { path, problem: wrong(value, what), fix: `give ${what}` };
    };
}

const ARTICLE: Partial<Record<string, string>> = { string: "a string", number: "a number", boolean: "true or false" };

function wrong(value: unknown, expected: string): string {
    if (value === undefined) return "is missing";
    if (value === UNKNOWN) return "is not known yet, and has to be";
    return `is ${Array.isArray(value) ? "a list" : (ARTICLE[typeof value] ?? "an object")}, not ${expected}`;
}

function first(checks: (() => Fault | undefined)[]): Fault | undefined {
    for (const check of checks) {
        const misfit = check();
        if (misfit !== undefined) return misfit;
    }
    return undefined;
}
