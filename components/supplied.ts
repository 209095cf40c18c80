import type * as pulumi from "@pulumi/pulumi";

import { Later } from "../core/arguments/index.js";
import { known, unquoted } from "./known.js";

/*
 * What other resources supply to a relay is judged together with all else that the relay is told: a network alone is in order, and is
 * not when a peer has it already.
 */

/** A plain value, or one that is judged once it is known. */
export type OrOutput<T> = T | pulumi.Output<T>;

/** An argument, as far as it is known; otherwise undefined. */
export type Read = <T>(value: T | Later<T>) => T | undefined;

/** An argument as a relay's resources take it: it comes only after it was judged. */
export type Judged = <T>(value: T | Later<T>) => OrOutput<T>;

/** A value that another resource supplies, and what it is called. */
export type Awaited = readonly [value: Later<unknown>, subject: string];

/**
 * @param stages what is needed first comes first, and waits for nothing that comes later: each is judged together with those before it
 * @param check everything that is known by then. What is not known yet in a preview is judged in the update
 */
export function judged(stages: readonly (readonly Awaited[])[], check: (read: Read) => void): Judged {
    const outputs = new Map<Later<unknown>, pulumi.Output<unknown>>();
    const awaited: pulumi.Output<unknown>[] = [];
    let before = Promise.resolve<Values>(new Map());
    for (const stage of stages.filter(({ length }) => length > 0)) {
        const read = stage.map(([later, subject]) => [later, known(later, subject)] as const);
        awaited.push(...read.map(([, output]) => output));
        const among = [...awaited];
        const all = withStage(before, read, (known) => unquoted(() => check(known), among));
        // Who takes one of the values is told.
        all.catch(() => undefined);
        for (const [later, output] of read) outputs.set(later, output.apply(afterwards(all)));
        before = all;
    }
    return <T>(value: T | Later<T>): OrOutput<T> =>
        value instanceof Later ? (outputs.get(value) as pulumi.Output<T>) : value;
}

/** Reads what is plain in the program. */
export const readPlain: Read = (value) => (value instanceof Later ? undefined : value);

type Values = ReadonlyMap<Later<unknown>, unknown>;

async function withStage(
    before: Promise<Values>,
    stage: readonly (readonly [Later<unknown>, pulumi.Output<unknown>])[],
    check: (read: Read) => void | Promise<void>,
): Promise<Values> {
    const now = Promise.all(stage.map(async ([later, output]) => [later, await valueIfKnown(output)] as const));
    const [earlier, found] = await Promise.all([before, now]);
    const values: Values = new Map([...earlier, ...found]);
    await check(<T>(value: T | Later<T>) => (value instanceof Later ? (values.get(value) as T | undefined) : value));
    return values;
}

/** What the SDK keeps of an Output, and has no type for. */
interface Settled {
    isKnown: Promise<boolean>;
    promise(): Promise<unknown>;
}

/** What is known of a value: undefined where a preview does not know it. */
export async function valueIfKnown(output: pulumi.Output<unknown>): Promise<unknown> {
    const { isKnown, promise } = output as unknown as Settled;
    const value = await promise.call(output);
    return (await isKnown) ? value : undefined;
}

function afterwards(judgement: Promise<unknown>): (value: unknown) => Promise<unknown> {
    return async (value) => {
        await judgement;
        return value;
    };
}
