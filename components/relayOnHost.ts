import * as pulumi from "@pulumi/pulumi";

import type { RelayPlain } from "../core/arguments.js";
import type { Machine } from "./machine.js";
import { Managed, secretChild } from "./managed.js";
import type { ListedPeer, ResolvedRelay } from "./relayArguments.js";
import { accessRules, proxyServices, type LedgerOutput } from "./relayInputs.js";

/** What a relay has before it has a machine: names, addresses, secrets. */
export interface RelayParts {
    parent: pulumi.Resource;
    name: string;
    resolved: ResolvedRelay;
    /** What each of its resources is told: which relay, where, which log. */
    place: pulumi.Inputs;
    machine: Machine;
    ledger: LedgerOutput;
    registry: Managed;
    seed: Managed;
    /** Certificates and private keys by algorithm. */
    authorities: Record<string, pulumi.Output<string>>;
    authorityKeys: Record<string, pulumi.Output<string>>;
}

/** A relay that was made, and what is known of it. */
export interface MadeRelay {
    /** Resources that write records, by role. */
    recorded: Record<string, Managed>;
    publicKey: pulumi.Output<string>;
    /** Public keys by key epoch; absent where there is one only. */
    epochs?: pulumi.Output<Record<string, { publicKey: string }>>;
    registry: pulumi.Output<Record<string, unknown>>;
    served: pulumi.Output<Record<string, unknown>>;
    /** The machine's own address; absent where nobody can ask it. */
    address?: pulumi.Output<string>;
    /** What SSH agreed on; absent without SSH. */
    keyExchange?: pulumi.Output<string>;
    /** What else whoever connects to the machine is told. */
    way?: { hostKey: pulumi.Output<string> };
}

/** A machine that is reached: deny everything, bring up the interface, serve, and only then let anybody through. */
export function relayOnHost(parts: RelayParts): MadeRelay {
    const { parent, name, resolved, place, machine, registry } = parts;
    const { networks, firewall: table, wireguard: tunnel, proxy: served, grants: allowed } = desiredOf(parts);
    const child = (after: pulumi.Resource[]): pulumi.CustomResourceOptions => ({ parent, dependsOn: after });
    const keys = relayKeys(parent, name, resolved.plain);
    const host = new Managed(
        "Host",
        `${name}-host`,
        { ...place, ...networks },
        child([registry, ...machine.resources]),
    );
    const filled = { ...place, machine: host.output<string>("machine"), hostKey: host.output<string>("hostKey") };
    // Whoever gives the key of an interface that is there already takes that over.
    const adopts = resolved.plain.privateKey === undefined ? undefined : keys.get(1)?.output("publicKey");
    const adopted = adopts === undefined ? {} : { adopts };
    const firewall = new Managed("Firewall", `${name}-firewall`, { ...filled, ...table, ...adopted }, child([host]));
    const wireguard = new Managed(
        "WireGuard",
        `${name}-wireguard`,
        { ...filled, ...tunnel, ...adopted, ...privateKeysOf(keys) },
        child([host, firewall]),
    );
    const proxy = new Managed("Proxy", `${name}-proxy`, { ...filled, ...served }, child([wireguard]));
    const grants = new Managed("Grants", `${name}-grants`, { ...filled, ...allowed }, child([wireguard, proxy]));
    return {
        recorded: { host, firewall, wireguard, proxy, grants },
        publicKey: wireguard.output("publicKey"),
        epochs: wireguard.output("epochs"),
        registry: wireguard.output("registry"),
        served: proxy.output("served"),
        address: host.output("address"),
        keyExchange: host.output("keyExchange"),
        way: { hostKey: host.output("hostKey") },
    };
}

/** What the program wants of a relay, resource by resource, wherever it is. */
export function desiredOf({ resolved, ledger, seed, authorities, authorityKeys }: RelayParts): {
    networks: pulumi.Inputs;
    firewall: pulumi.Inputs;
    wireguard: pulumi.Inputs;
    proxy: pulumi.Inputs;
    grants: pulumi.Inputs;
} {
    const { plain, address, address6, subnet, subnet6, peers } = resolved;
    const networks = { subnet: subnet.cidr, ...(subnet6 === undefined ? {} : { subnet6: subnet6.cidr }) };
    const own = { address, ...(address6 === undefined ? {} : { address6 }) };
    return {
        networks,
        firewall: { ...networks, ...own, interfaces: [plain.interface], routes: plain.routes },
        wireguard: {
            ...networks,
            ...own,
            prefix: subnet.prefix,
            ...(subnet6 === undefined ? {} : { prefix6: subnet6.prefix }),
            listenPort: plain.listenPort,
            epochs: plain.keyEpochs,
            keyOverlap: plain.keyOverlap,
            ...(plain.forceRetire === undefined ? {} : { forceRetire: plain.forceRetire }),
            ...(plain.identity === "host" ? { identity: plain.identity } : {}),
            mtu: plain.mtu,
            routes: plain.routes,
            seed: seed.output("seed"),
            peers: ledger.apply((known) => known.peers),
            publicKeys: generatedKeys(peers),
            presharedKeys: givenPresharedKeys(peers),
        },
        proxy: {
            addresses: address6 === undefined ? [address] : [address, address6],
            services: proxyServices(resolved, ledger),
            authorities,
            authorityKeys,
            ...(plain.certificateRenewal === "relay" ? { renewal: plain.certificateRenewal } : {}),
        },
        grants: { rules: accessRules(resolved, ledger) },
    };
}

/** A pair for each key epoch, unless the relay makes its own. What an existing relay is taken over with is the key of its first. */
function relayKeys(parent: pulumi.Resource, name: string, plain: RelayPlain): Map<number, Managed> {
    if (plain.identity === "host") return new Map();
    return new Map(
        plain.keyEpochs.map((epoch) => [
            epoch,
            new Managed(
                "KeyPair",
                epoch === 1 ? `${name}-key` : `${name}-key-${epoch}`,
                { owner: name, epoch, ...(epoch === 1 ? adoptedKey(plain) : {}) },
                secretChild(parent)("privateKey"),
            ),
        ]),
    );
}

function privateKeysOf(keys: Map<number, Managed>): { privateKeys?: pulumi.Output<Record<string, string>> } {
    if (keys.size === 0) return {};
    const byEpoch = [...keys].map(([epoch, pair]) => [epoch, pair.output<string>("privateKey")]);
    return { privateKeys: pulumi.secret(Object.fromEntries(byEpoch) as Record<string, pulumi.Output<string>>) };
}

function adoptedKey({ privateKey }: RelayPlain): pulumi.Inputs {
    if (privateKey === undefined) return {};
    if (typeof privateKey === "string" && privateKey.startsWith("file:"))
        return { privateKeyFile: privateKey.slice("file:".length) };
    return { privateKey: pulumi.secret(privateKey as pulumi.Input<string>) };
}

/** Keys that the registry does not know: generated ones, and those that another resource supplies. */
function generatedKeys(peers: ListedPeer[]): Record<string, pulumi.Input<string>> {
    return Object.fromEntries(
        peers.filter(({ knownKey }) => knownKey === undefined).map(({ name, publicKey }) => [name, publicKey]),
    );
}

function givenPresharedKeys(peers: ListedPeer[]): pulumi.Input<Record<string, pulumi.Input<string>>> {
    return pulumi.secret(
        Object.fromEntries(
            peers.flatMap(({ name, presharedKey }) => (presharedKey === undefined ? [] : [[name, presharedKey]])),
        ),
    );
}
