import * as pulumi from "@pulumi/pulumi";

import { packed } from "../core/packed/index.js";
import type { ListedPeer } from "./listedPeers.js";
import type { ResolvedRelay } from "./relayArguments.js";

/** What the registry is asked for. */
export function registryRequest(resolved: ResolvedRelay): pulumi.Inputs {
    const {
        subnet,
        subnet6,
        peers,
        services,
        plain: { groups },
    } = resolved;
    return packed("Registry", {
        subnet: subnet.cidr,
        ...(subnet6 === undefined ? {} : { subnet6: subnet6.cidr }),
        peers: requested(peers),
        publicKeys: outputKeys(peers),
        ...suppliedTo(resolved),
        ...(groups === undefined || Object.keys(groups).length === 0 ? {} : { groups: sortedGroups(groups) }),
        services: Object.fromEntries(
            services.map(({ name, plain, formerNames }) => [
                name,
                {
                    ...(plain.port === undefined ? {} : { port: plain.port }),
                    ...(formerNames.length === 0 ? {} : { formerly: Promise.all(formerNames) }),
                },
            ]),
        ),
    });
}

/**
 * What other resources say of peers, beside what is known in every preview: networks behind them, until when they are admitted, and
 * peers of which the program itself knows nothing.
 */
export function suppliedTo({ peers, supplied }: ResolvedRelay): { supplied?: pulumi.Inputs } {
    const routes = outputsOf(peers, "routes");
    const expires = outputsOf(peers, "expires");
    const all = {
        ...(Object.keys(routes).length === 0 ? {} : { routes }),
        ...(Object.keys(expires).length === 0 ? {} : { expires }),
        ...(supplied === undefined
            ? {}
            : { peers: supplied.apply((list) => packed("Registry", { peers: requested(list) })["peers"]) }),
    };
    return Object.keys(all).length === 0 ? {} : { supplied: all };
}

/** An order means nothing, so another one plans nothing. */
function sortedGroups(groups: Record<string, string[]>): Record<string, string[]> {
    return Object.fromEntries(Object.entries(groups).map(([group, members]) => [group, [...new Set(members)].sort()]));
}

/** Keys that are not plain values in the program: generated ones, and those that another resource supplies. */
export function outputKeys(peers: ListedPeer[]): Record<string, pulumi.Input<string>> {
    return Object.fromEntries(
        peers.filter(({ knownKey }) => knownKey === undefined).map(({ name, publicKey }) => [name, publicKey]),
    );
}

/** What is plain in the program. */
function requested(peers: ListedPeer[]): Record<string, object> {
    return Object.fromEntries(
        peers.map(({ name, plain: { routes, expires, keyEpoch, reinstate }, address, knownKey }) => [
            name,
            {
                ...(pulumi.Output.isInstance(routes) || routes.length === 0 ? {} : { routes }),
                ...(keyEpoch === 1 ? {} : { keyEpoch }),
                ...(address === undefined ? {} : { address }),
                ...(knownKey === undefined ? {} : { publicKey: knownKey }),
                ...(expires === undefined || pulumi.Output.isInstance(expires) ? {} : { expires }),
                ...(reinstate ? { reinstate: true } : {}),
            },
        ]),
    );
}

function outputsOf(peers: ListedPeer[], argument: "routes" | "expires"): Record<string, pulumi.Output<unknown>> {
    return Object.fromEntries(
        peers.flatMap(({ name, plain }): [string, pulumi.Output<unknown>][] => {
            const value: unknown = plain[argument];
            return pulumi.Output.isInstance(value) ? [[name, value]] : [];
        }),
    );
}
