import * as pulumi from "@pulumi/pulumi";

import { Later } from "../core/arguments/index.js";

/**
 * An argument's value, once it is known; unknown in a preview as long as the resource that supplies it is not there.
 *
 * @param subject what the argument is called, where it turns out to be invalid
 */
export function known<T>(value: T | Later<T>, subject: string): pulumi.Output<T> {
    if (!(value instanceof Later)) return pulumi.output(value) as pulumi.Output<T>;
    const { supplied } = value as { supplied: pulumi.Input<string> };
    return pulumi.output(supplied).apply((each: unknown) => value.read(each, subject));
}
