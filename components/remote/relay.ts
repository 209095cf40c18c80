import * as pulumi from "@pulumi/pulumi";

import type { RemoteComponent } from "../../providers/plugin/components/component.js";
import { Relay } from "../relay.js";
import { constructed } from "./construct.js";
import { relayArgsOf } from "./relayData.js";

/** The Relay of programs in other languages: the same component, with all that it is told as data. */
export const relay: RemoteComponent = {
    construct: (request, engine) =>
        constructed(request, engine, (name, inputs, options) => {
            const args = relayArgsOf(name, inputs);
            const made = new Relay(name, args, options);
            return { urn: made.urn, state: outputsOf(made, namesIn(inputs, "peers"), namesIn(inputs, "services")) };
        }),
};

function outputsOf(relay: Relay, peers: string[], services: string[]): pulumi.Inputs {
    return {
        endpoint: relay.endpoint,
        publicKey: relay.publicKey,
        address: relay.address,
        addresses: relay.addresses,
        registry: relay.registry,
        serviceRegistry: relay.serviceRegistry,
        keyExchange: relay.keyExchange,
        caCertificate: relay.caCertificate,
        checkpoint: relay.checkpoint,
        configs: pulumi.secret(Object.fromEntries(peers.map((name) => [name, relay.configFor(name)]))),
        urls: Object.fromEntries(services.map((name) => [name, relay.urlOf(name)])),
        addressUrls: Object.fromEntries(services.map((name) => [name, relay.urlOf(name, "address")])),
    };
}

/** The relay has checked them. */
function namesIn(inputs: Record<string, unknown>, list: "peers" | "services"): string[] {
    return ((inputs[list] ?? []) as { name: string }[]).map(({ name }) => name);
}
