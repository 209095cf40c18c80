import * as pulumi from "@pulumi/pulumi";

import { leafName, leafNetworks, leafRules, type Leaf } from "../core/wireguard/leaf.js";
import type { Ledger, RegistryPeer, ServedService } from "../core/registry/model.js";
import { notRegistered } from "../core/registry/missing.js";
import { admittedOf, keyEpochOf, routesOf } from "../core/registry/defaults.js";
import { machineFor } from "./machine.js";
import { Managed, type Recorded } from "./managed.js";
import type { ListedPeer, ManagedMachine, ResolvedRelay } from "./relayArguments.js";
import { accessRules, proxyServices } from "./relayInputs.js";
import type { MadeRelay, RelayParts } from "./relayOnHost.js";

/** How a relay's managed peers reach it. */
export interface RelayEndpoint {
    /** host:port of the newest key epoch. */
    endpoint: pulumi.Output<string>;
    /** Of the newest key epoch. */
    publicKey: pulumi.Output<string>;
}

/** A managed peer's machine. */
export interface MadePeer {
    /** Resources that write records, by name and role. */
    recorded: Record<string, Recorded>;
    /** Services whose TLS ends there. */
    served: pulumi.Output<Record<string, ServedService>>;
}

/** Every managed peer of a relay, once the relay itself is done. */
export function managedPeers(parts: RelayParts, made: MadeRelay, endpoint: RelayEndpoint): MadePeer[] {
    const rules = accessRules(parts.resolved, parts.ledger);
    return parts.resolved.peers.flatMap((peer) =>
        peer.managed === undefined
            ? []
            : [new ManagedPeer(parts, made, { ...peer, managed: peer.managed }, rules, endpoint).made],
    );
}

/** Where the machines of managed peers are, from the program's own words: a relay's resources ask them before anything is written. */
export function managedPlaces({ peers, plain }: ResolvedRelay): { leaves?: pulumi.Inputs[] } {
    const leaves = peers.flatMap(({ name, managed }) => {
        if (managed === undefined) return [];
        const { descriptor, credentials } = managed.host;
        const secret = credentials === undefined ? {} : { credentials: pulumi.secret(credentials) };
        return [{ peer: name, host: descriptor, interface: managed.interface ?? plain.interface, ...secret }];
    });
    return leaves.length === 0 ? {} : { leaves };
}

/** The resources on one peer's machine: as a relay's, with the role of a leaf. */
class ManagedPeer extends pulumi.ComponentResource {
    readonly made: MadePeer;

    constructor(
        parts: RelayParts,
        { recorded }: MadeRelay,
        peer: ListedPeer & { managed: ManagedMachine },
        rules: pulumi.Output<Record<string, string[]>>,
        endpoint: RelayEndpoint,
    ) {
        const { parent, name: relay, resolved, ledger, seed } = parts;
        const { plain, subnet, subnet6, audit } = resolved;
        const name = `${relay}-${peer.name}`;
        const { host, interface: device = plain.interface, formerNames } = peer.managed;
        // What the peer was called, its machine's resources were called after.
        const aliases = formerNames.map(async (former): Promise<pulumi.Alias> => ({
            name: `${relay}-${await former}`,
        }));
        super("qptunnel:index:ManagedPeer", name, {}, { parent, aliases });
        const names = { audit, appName: plain.appName, interface: device };
        const machine = machineFor(this, { relay: name, ...names, listenPorts: [] }, { host });
        const { relayId } = parts.place;
        const place = {
            relay: leafName(relay, peer.name),
            relayId: pulumi
                .output(relayId as pulumi.Input<string | undefined>)
                .apply((id) => id && leafName(id, peer.name)),
            role: "leaf",
            ...names,
            ...machine.inputs,
            confirmTimeout: plain.confirmTimeout,
        };
        const networks = { subnet: subnet.cidr, ...(subnet6 === undefined ? {} : { subnet6: subnet6.cidr }) };
        const tunnels = Object.values(networks);
        const entry = ledger.apply(({ peers }) => entryOf(peers, peer.name));
        const leaf = entry.apply(leafOf);
        const own = {
            address: leaf.address,
            ...(subnet6 === undefined ? {} : { address6: leaf.apply(({ address6 }) => address6 ?? "") }),
        };
        const its = pulumi.all([rules, leaf]).apply(([all, at]) => leafRules(all, at));
        const behindRelay = pulumi.all([ledger, rules, leaf]).apply(([{ peers }, all, at]): RegistryPeer => {
            const known = [...plain.routes, ...Object.values(peers).flatMap(routesOf)];
            return {
                address: resolved.address,
                ...(resolved.address6 === undefined ? {} : { address6: resolved.address6 }),
                routes: [...tunnels, ...leafNetworks(all, at, known)],
            };
        });

        const child = (...after: pulumi.Resource[]): pulumi.CustomResourceOptions => ({
            parent: this,
            dependsOn: after,
        });
        const machineHost = new Managed(
            "Host",
            `${name}-host`,
            {
                ...place,
                ...networks,
                ...parts.letGo,
                ...(formerNames.length === 0 ? {} : { formerly: Promise.all(formerNames) }),
            },
            // What the relay no longer lets through is cut there first; what is new has its way when it is let through here.
            child(...Object.values(recorded), ...machine.resources),
        );
        const filled = {
            ...place,
            machine: machineHost.output("machine"),
            hostKey: machineHost.output("hostKey"),
            moved: machineHost.output("moved"),
        };
        const firewall = new Managed(
            "Firewall",
            `${name}-firewall`,
            { ...filled, ...networks, ...own, interfaces: [device], routes: peer.plain.routes },
            child(machineHost),
        );
        const wireguard = new Managed(
            "WireGuard",
            `${name}-wireguard`,
            {
                ...filled,
                ...networks,
                ...own,
                prefix: 32,
                ...(subnet6 === undefined ? {} : { prefix6: 128 }),
                listenPort: 0,
                epochs: [1],
                mtu: plain.mtu,
                routes: peer.plain.routes,
                privateKeys: pulumi.secret({ 1: peer.privateKey as pulumi.Output<string> }),
                seed: seed.output("seed"),
                peers: { [relay]: behindRelay },
                publicKeys: { [relay]: endpoint.publicKey },
                presharedKeys: pulumi.secret(peer.presharedKey === undefined ? {} : { [relay]: peer.presharedKey }),
                leaf: {
                    name: peer.name,
                    keyEpoch: entry.apply(keyEpochOf),
                    admitted: entry.apply(admittedOf),
                    endpoint: endpoint.endpoint,
                    keepalive: plain.keepalive,
                },
            },
            child(firewall),
        );
        const proxy = new Managed(
            "Proxy",
            `${name}-proxy`,
            {
                ...filled,
                addresses: leaf.apply(({ address, address6 }) =>
                    address6 === undefined ? [address] : [address, address6],
                ),
                services: proxyServices(resolved, ledger, peer.name),
                authorities: parts.authorities,
                authorityKeys: parts.authorityKeys,
                ...(plain.certificateRenewal === "relay" ? { renewal: plain.certificateRenewal } : {}),
            },
            child(wireguard),
        );
        const grants = new Managed("Grants", `${name}-grants`, { ...filled, rules: its }, child(wireguard, proxy));
        const roles = { host: machineHost, firewall, wireguard, proxy, grants };
        this.made = {
            served: proxy.output("served"),
            recorded: Object.fromEntries(
                Object.entries(roles).map(([role, resource]) => [`${peer.name}/${role}`, resource]),
            ),
        };
        this.registerOutputs({});
    }
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
