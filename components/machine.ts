import * as pulumi from "@pulumi/pulumi";

import { makeDroplet } from "./droplet.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { runSetup } from "./setup.js";
import { type Machine, type Named } from "./machineTypes.js";

/** The machine of a relay, made if its host is one that has to be made. */
export function machineFor(relay: pulumi.Resource, named: Named, { host }: Pick<ResolvedRelay, "host">): Machine {
    const { descriptor, credentials, setup } = host;
    if (descriptor.kind === "digitalocean") return makeDroplet(relay, named, host);
    if (descriptor.trustOnFirstUse === true && descriptor.hostKey === undefined) {
        const message =
            "trustOnFirstUse: the first machine that answers is accepted as the relay; pin its hostKey instead";
        void pulumi.log.warn(message, relay);
    }
    const inputs = {
        host: descriptor,
        ...(credentials === undefined ? {} : { credentials: pulumi.secret(credentials) }),
    };
    const resources = setup === undefined ? [] : [runSetup(relay, named.relay, setup, placeOf(descriptor, inputs))];
    return { inputs, resources, recorded: {} };
}

function placeOf(descriptor: pulumi.Inputs, { credentials }: Machine["inputs"]): Parameters<typeof runSetup>[3] {
    if (descriptor["kind"] === "local") return { namespace: descriptor["namespace"] as string | undefined };
    return {
        connection: {
            host: descriptor["address"] as pulumi.Input<string>,
            port: descriptor["port"] as pulumi.Input<number>,
            user: descriptor["user"] as pulumi.Input<string>,
            hostKey: descriptor["hostKey"] as pulumi.Input<string>,
            privateKey: credentials as pulumi.Output<string>,
        },
        machine: descriptor["address"] as pulumi.Input<string>,
    };
}
