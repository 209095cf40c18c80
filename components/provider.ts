import * as pulumi from "@pulumi/pulumi";

import { packageVersion } from "../providers/plugin/packageInfo.js";

/** A provider has no configuration: every connection is an argument of a Relay's `host`. */
export type ProviderArgs = Record<never, never>;

/**
 * An explicit provider, for programs that pass one to every component (`{ provider }` or `{ providers: [...] }`). Each one runs a plugin
 * of its own; they share the log of a stack.
 */
export class Provider extends pulumi.ProviderResource {
    constructor(name: string, args: ProviderArgs = {}, options: pulumi.ResourceOptions = {}) {
        super("qptunnel", name, args, { version: packageVersion(), ...options });
    }
}
