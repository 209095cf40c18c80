import * as pulumi from "@pulumi/pulumi";

import { renderTerms, termsOfRules } from "../core/access/terms.js";
import { notRegistered } from "../core/registry/missing.js";
import { admittedOf, keyEpochOf, routesOf } from "../core/registry/defaults.js";
import type { Ledger, RegistryPeer } from "../core/registry/model.js";
import { type Leaf, leafNetworks, leafRules } from "../core/wireguard/leaf.js";
import { known } from "./known.js";
import type { ListedPeer, ManagedMachine } from "./listedPeers.js";
import { accessTerms, hasTerms, proxyServices } from "./relayInputs.js";
import { networksOf, type RelayParts, timedIn } from "./relayOnHost.js";

/** How a relay's managed peers reach it. */
export interface RelayEndpoint {
    /** host:port of the newest key epoch. */
    endpoint: pulumi.Output<string>;
    /** Of the newest key epoch. */
    publicKey: pulumi.Output<string>;
}

/** A peer whose machine the program manages. */
export type ManagedListing = ListedPeer & { managed: ManagedMachine };

type Rules = pulumi.Output<Record<string, string[]>>;

/** What the program wants of a managed peer's machine, resource by resource. */
export function desiredOfPeer(
    parts: RelayParts,
    peer: ManagedListing,
    rules: Rules,
    endpoint: RelayEndpoint,
): Record<"networks" | "firewall" | "wireguard" | "proxy" | "grants", pulumi.Inputs> {
    const { ledger, resolved } = parts;
    const { plain, subnet6 } = resolved;
    const networks = networksOf(resolved);
    const entry = ledger.apply(({ peers }) => entryOf(peers, peer.name));
    const leaf = entry.apply(leafOf);
    const tunnel = {
        ...networks,
        address: leaf.address,
        ...(subnet6 === undefined ? {} : { address6: leaf.apply(({ address6 }) => address6 ?? "") }),
        routes: peer.plain.routes,
    };
    return {
        networks,
        firewall: { ...tunnel, interfaces: [peer.managed.interface ?? plain.interface], ...timedIn(resolved) },
        wireguard: {
            ...tunnel,
            ...interfaceOf(parts, peer),
            ...relayAsPeer(parts, peer, { rules, leaf, endpoint }),
            leaf: {
                name: peer.name,
                keyEpoch: entry.apply(keyEpochOf),
                admitted: entry.apply(admittedOf),
                endpoint: endpoint.endpoint,
                keepalive: known(plain.keepalive, "keepalive"),
            },
        },
        proxy: {
            addresses: leaf.apply(({ address, address6 }) =>
                address6 === undefined ? [address] : [address, address6],
            ),
            services: proxyServices(resolved, ledger, peer.name),
            authorities: parts.authorities,
            authorityKeys: parts.authorityKeys,
            ...(plain.certificateRenewal === "relay" ? { renewal: plain.certificateRenewal } : {}),
        },
        grants: {
            rules: pulumi.all([rules, leaf]).apply(([all, at]) => leafRules(all, at)),
            ...(hasTerms(resolved)
                ? {
                      terms: pulumi
                          .all([rules, leaf, accessTerms(resolved, ledger)])
                          .apply(([all, at, terms]) => renderTerms(termsOfRules(leafRules(all, at), terms))),
                  }
                : {}),
        },
    };
}

/** The interface itself: it has one address, one key, and any port. */
function interfaceOf({ resolved: { mtu, subnet6 }, seed }: RelayParts, peer: ManagedListing): pulumi.Inputs {
    return {
        prefix: 32,
        ...(subnet6 === undefined ? {} : { prefix6: 128 }),
        listenPort: 0,
        epochs: [1],
        mtu,
        privateKeys: pulumi.secret({ 1: peer.privateKey as pulumi.Output<string> }),
        seed: seed.output("seed"),
    };
}

/** The relay as the one peer of the interface, with the networks that are reached through it. */
function relayAsPeer(
    { name: relay, resolved, ledger }: RelayParts,
    peer: ManagedListing,
    { rules, leaf, endpoint }: { rules: Rules; leaf: pulumi.Output<Leaf>; endpoint: RelayEndpoint },
): pulumi.Inputs {
    const { routes, address, address6 } = resolved;
    const behind = pulumi.all([ledger, rules, leaf, routes]).apply(([{ peers }, all, at, own]): RegistryPeer => {
        const known = [...own, ...Object.values(peers).flatMap(routesOf)];
        return {
            address,
            ...(address6 === undefined ? {} : { address6 }),
            routes: [...Object.values(networksOf(resolved)), ...leafNetworks(all, at, known)],
        };
    });
    return {
        peers: { [relay]: behind },
        publicKeys: { [relay]: endpoint.publicKey },
        presharedKeys: pulumi.secret(peer.presharedKey === undefined ? {} : { [relay]: peer.presharedKey }),
    };
}

function entryOf(peers: Ledger["peers"], name: string): RegistryPeer {
    const entry = peers[name];
    if (entry === undefined) throw new pulumi.RunError(notRegistered(`managed peer ${name}`, "it").message);
    return entry;
}

function leafOf(entry: RegistryPeer): Leaf {
    const { address, address6 } = entry;
    return { address, ...(address6 === undefined ? {} : { address6 }), routes: routesOf(entry) };
}
