import { z } from "zod";

import { isSupplied, validate } from "./validate.js";

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

/** A value that may come from another resource, as a whole or some entries of a list. A plain one is checked now. */
export function orLater<T>(schema: z.ZodType<T>): z.ZodType<T | Later<T>> {
    // Not a transform: one that returns a promise is waited for, and then nothing can be validated at once.
    const checked: z.ZodType<unknown> = z.unknown().check((context) => {
        const { value } = context;
        if (isSupplied(value) || (Array.isArray(value) && value.some(isSupplied))) {
            context.value = new Later(value, schema);
            return;
        }
        const result = schema.safeParse(value, { reportInput: true });
        if (result.success) context.value = result.data;
        else context.issues.push(...(result.error.issues as z.core.$ZodRawIssue[]));
    });
    return checked as z.ZodType<T | Later<T>>;
}
