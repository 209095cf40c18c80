import * as pulumi from "@pulumi/pulumi";

import { Later } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";

/**
 * An argument's value, once it is known; unknown in a preview as long as the resource that supplies it is not there.
 *
 * @param subject what the argument is called, where it turns out to be invalid
 */
export function known<T>(value: T | Later<T>, subject: string): pulumi.Output<T> {
    if (!(value instanceof Later)) return pulumi.output(value) as pulumi.Output<T>;
    const { supplied } = value as { supplied: pulumi.Input<string> };
    const output = pulumi.output(supplied);
    return output.apply((each: unknown) => unquoted(() => value.read(each, subject), [output])) as pulumi.Output<T>;
}

/**
 * Runs a check whose errors quote what is wrong: of values that are secret it says only where that is.
 *
 * @param values what the check is about
 */
export function unquoted<T>(check: () => T, values: readonly pulumi.Output<unknown>[]): T | Promise<T> {
    try {
        return check();
    } catch (error) {
        if (!(error instanceof InvalidArgument)) throw error;
        return Promise.all(values.map(pulumi.isSecret)).then((secret) => {
            if (!secret.includes(true)) throw error;
            const problem = "is not valid, or something that has to fit it is not; a secret is not shown";
            throw new InvalidArgument(error.subject, problem, "correct what supplies it");
        });
    }
}
