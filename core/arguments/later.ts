import { z } from "zod";

import { isSupplied, judge, validate } from "./validate.js";

/** A value that another resource supplies: it is checked once it is known. */
export class Later<T> {
    constructor(
        /** The Output or promise, or a list with some in it. */
        readonly supplied: unknown,
        private readonly schema: z.ZodType<T>,
    ) {}

    /** @throws InvalidArgument naming every fault */
    read(value: unknown, subject: string): T {
        return validate(this.schema, value, subject);
    }
}

/** As `orLater`, but what comes from another resource is left as it is: where it is used it is checked again. */
export function orSupplied<T>(schema: z.ZodType<T>): z.ZodType<T | object> {
    const checked: z.ZodType<unknown> = z.unknown().check((context) => {
        if (!isSupplied(context.value)) judge(schema, context);
    });
    return checked as z.ZodType<T | object>;
}

/** A value that may come from another resource, as a whole or some entries of a list. A plain one is checked now. */
export function orLater<T>(schema: z.ZodType<T>): z.ZodType<T | Later<T>> {
    // Not a transform: one that returns a promise is waited for, and then nothing can be validated at once.
    const checked: z.ZodType<unknown> = z.unknown().check((context) => {
        const { value } = context;
        const isLater = isSupplied(value) || (Array.isArray(value) && value.some(isSupplied));
        if (isLater) context.value = new Later(value, schema);
        else judge(schema, context);
    });
    return checked as z.ZodType<T | Later<T>>;
}
