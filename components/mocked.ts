import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** Whether the program runs under `pulumi.runtime.setMocks`, in a unit test: then no plugin answers. */
export function isMocked(): boolean {
    return pulumi.runtime.getMonitor() instanceof MockMonitor;
}

/** An output of another provider's resource; in a unit test whose mocks leave it out, a value in its place. */
export function orMock<T>(output: pulumi.Output<T>, value: T): pulumi.Output<T> {
    return isMocked() ? output.apply((outputs) => outputs ?? value) : output;
}
