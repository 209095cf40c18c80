import * as pulumi from "@pulumi/pulumi";

import { desiredOf, type MadeRelay, type RelayParts } from "./relayOnHost.js";

/** What the plugin is asked. */
export function statusQuestion(parts: RelayParts, made: MadeRelay, records: pulumi.Inputs): pulumi.Inputs {
    const { name, place, registry } = parts;
    const { wireguard, proxy } = desiredOf(parts);
    return {
        ...place,
        ...made.way,
        owner: `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
        peers: registry.packed("peers"),
        publicKeys: wireguard["publicKeys"] as pulumi.Inputs,
        registry: made.registry.packed("registry"),
        addresses: proxy["addresses"] as string[],
        services: proxy["services"] as pulumi.Inputs,
        served: made.served,
        authorities: parts.authorities,
        // Nothing is asked before everything of the relay is done.
        after: records,
    };
}
