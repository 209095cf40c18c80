import * as pulumi from "@pulumi/pulumi";

import type { ResolvedRelay } from "./relayArguments.js";

/** Where a relay is put: what its resources are told about it, and what has to exist before them. */
export interface Machine {
    /** `host`: the descriptor; `credentials`: a private SSH key, a secret. */
    inputs: { host: pulumi.Inputs; credentials?: pulumi.Output<string> };
    resources: pulumi.Resource[];
}

/** The machine of a relay, made if its host is one that has to be made. */
export function machineFor(relay: pulumi.Resource, _name: string, { host }: ResolvedRelay): Machine {
    const { descriptor, credentials } = host;
    if (descriptor.trustOnFirstUse === true && descriptor.hostKey === undefined) {
        const message = "trustOnFirstUse: whoever answers first is believed to be the relay; pin its hostKey instead";
        void pulumi.log.warn(message, relay);
    }
    return {
        inputs: {
            host: descriptor,
            ...(credentials === undefined ? {} : { credentials: pulumi.secret(credentials) }),
        },
        resources: [],
    };
}
