import * as pulumi from "@pulumi/pulumi";

import { Managed } from "./managed.js";
import { desiredOf, type MadeRelay, type RelayParts } from "./relayOnHost.js";

/** A machine that nothing reaches: one script instead of five resources. Its key is made there and stays there. */
export function relayByScript(parts: RelayParts): MadeRelay {
    const { parent, name, place, machine, registry, resolved } = parts;
    const { networks, firewall, wireguard, proxy, grants } = desiredOf(parts);
    const { confirmTimeout: _nobodyConfirms, ...placed } = place;
    const script = new Managed(
        "Script",
        `${name}-script`,
        {
            ...placed,
            ...resolved.host.carried,
            ...networks,
            ...firewall,
            ...wireguard,
            ...proxy,
            rules: grants.rules,
        },
        { parent, dependsOn: [registry, ...machine.resources] },
    );
    const publicKey = script.output("publicKey");
    publicKey.apply((key) => {
        if (key === "") void pulumi.log.warn(missingKey(name), parent);
    });
    return {
        recorded: { script },
        publicKey,
        registry: script,
        served: script.output("served"),
    };
}

/** Why there are no configurations yet, and how there will be. */
export function missingKey(relay: string): string {
    return `the public key of relay ${relay} is not known yet, so no peer can be configured: run the script on the relay and set its output as hosts.script({ receipt }), or only the key as relayPublicKey`;
}
