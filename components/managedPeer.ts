import * as pulumi from "@pulumi/pulumi";

import type { ServedService } from "../core/registry/model.js";
import { leafName } from "../core/wireguard/leaf.js";
import { machineFor } from "./machine.js";
import type { Named } from "./machineTypes.js";
import { Managed, type Recorded } from "./managed.js";
import { desiredOfPeer, type ManagedListing, type RelayEndpoint } from "./managedPeerInputs.js";
import type { ManagedMachine } from "./listedPeers.js";
import type { ResolvedRelay } from "./relayArguments.js";
import { accessRules } from "./relayInputs.js";
import { foundOn, type MadeRelay, type RelayParts } from "./relayOnHost.js";

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
        peer: ManagedListing,
        rules: pulumi.Output<Record<string, string[]>>,
        endpoint: RelayEndpoint,
    ) {
        const { parent, name: relay, resolved } = parts;
        const name = `${relay}-${peer.name}`;
        const { host, formerNames } = peer.managed;
        super("qptunnel:index:ManagedPeer", name, {}, { parent, aliases: formerAliases(relay, formerNames) });
        const names = namesOf(resolved, peer);
        const machine = machineFor(this, { relay: name, ...names, listenPorts: [] }, { host });
        const place = { ...placeOf(parts, peer), ...names, ...machine.inputs };
        const { networks, firewall, wireguard, proxy, grants } = desiredOfPeer(parts, peer, rules, endpoint);
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
        const filled = { ...place, ...foundOn(machineHost) };
        const table = new Managed("Firewall", `${name}-firewall`, { ...filled, ...firewall }, child(machineHost));
        const tunnel = new Managed("WireGuard", `${name}-wireguard`, { ...filled, ...wireguard }, child(table));
        const served = new Managed("Proxy", `${name}-proxy`, { ...filled, ...proxy }, child(tunnel));
        const allowed = new Managed("Grants", `${name}-grants`, { ...filled, ...grants }, child(tunnel, served));
        const roles = { host: machineHost, firewall: table, wireguard: tunnel, proxy: served, grants: allowed };
        this.made = {
            served: served.output("served"),
            recorded: Object.fromEntries(
                Object.entries(roles).map(([role, resource]) => [`${peer.name}/${role}`, resource]),
            ),
        };
        this.registerOutputs({});
    }
}

/** What the peer was called, its machine's resources were called after. */
function formerAliases(relay: string, formerNames: ManagedMachine["formerNames"]): Promise<pulumi.Alias>[] {
    return formerNames.map(async (former) => ({ name: `${relay}-${await former}` }));
}

function namesOf(
    { audit, plain }: ResolvedRelay,
    { managed }: ManagedListing,
): Pick<Named, "audit" | "appName" | "interface"> {
    return { audit, appName: plain.appName, interface: managed.interface ?? plain.interface };
}

/** Which peer of which relay the machine is. */
function placeOf({ name: relay, place: { relayId }, resolved }: RelayParts, peer: ManagedListing): pulumi.Inputs {
    return {
        relay: leafName(relay, peer.name),
        relayId: pulumi
            .output(relayId as pulumi.Input<string | undefined>)
            .apply((id) => id && leafName(id, peer.name)),
        role: "leaf",
        confirmTimeout: resolved.plain.confirmTimeout,
    };
}
