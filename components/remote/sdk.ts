import type * as messages from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceHookBinding } from "@pulumi/pulumi";

/*
 * What Pulumi's SDK does for components in its own provider server, and has no public types for. Every construct has options,
 * connections and a queue of calls of its own, in asynchronous local storage.
 */

/** Runs a program of its own in this process. */
export const { withLocalStorage } = require("@pulumi/pulumi/runtime/state.js") as {
    withLocalStorage<T>(program: () => Promise<T>): Promise<T>;
};

export const { awaitFeatureSupport, waitForRPCs } = require("@pulumi/pulumi/runtime/settings.js") as {
    /** Asks the engine what it can do. */
    awaitFeatureSupport(): Promise<void>;
    /** Waits until the engine has answered everything. */
    waitForRPCs(): Promise<void>;
};

export const { hookBindingFromProto } = require("@pulumi/pulumi/runtime/resource.js") as {
    /** Hooks are run by the program; here they have names only. */
    hookBindingFromProto(
        hooks: messages.ConstructRequest.ResourceHooksBinding | undefined,
    ): ResourceHookBinding | undefined;
};
