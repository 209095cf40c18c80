import * as pulumi from "@pulumi/pulumi";

import { currentMocks } from "./mocks.js";

/** What the SDK keeps of an output, and has no public type for. */
interface Kept<T> {
    promise(): Promise<T>;
}

/**
 * The value of an output, which may be a secret.
 *
 * @throws what the plugin would refuse, under `mocks()`
 */
export async function valueOf<T>(output: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
    const value = await (pulumi.output(output) as unknown as Kept<pulumi.Unwrap<T>>).promise();
    const [refusal] = currentMocks()?.refused ?? [];
    if (refusal !== undefined) throw refusal;
    return value;
}
