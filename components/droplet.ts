import type * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";

import { Later, type DigitalOceanPlain } from "../core/arguments/index.js";
import { MOCK_ADDRESS } from "../core/mocks/address.js";
import { hostKeyUserData } from "../core/units/userData.js";
import type { Host } from "../providers/hosts/index.js";
import { known } from "./known.js";
import type { Machine, Named } from "./machineTypes.js";
import { Managed } from "./managed.js";
import { orMock } from "./mocked.js";
import { optionalPackage } from "./optionalPackage.js";
import { runSetup } from "./setup.js";

/**
 * A Droplet as a relay's machine. Its SSH host key is made before it and pinned from the first connection on; nothing
 * that it is told at its boot depends on peers, services or grants, so none of these ever replaces it.
 */
export function makeDroplet(relay: pulumi.Resource, named: Named, { descriptor, setup }: Host): Machine {
    const cloud = optionalPackage("@pulumi/digitalocean", "host: hosts.digitalOcean");
    const { relay: name, listenPorts: _, ...log } = named;
    const asked: DropletSpec = {
        ...{ cloud, name, named, plain: descriptor as unknown as DigitalOceanPlain },
        label: `${named.appName}-${name}`,
        child: { parent: relay },
    };
    const keys = sshKeyPairs(asked);
    const droplet = createDroplet(asked, keys);
    const ownAddress = orMock(droplet.ipv4Address, MOCK_ADDRESS);
    const { address, firewall, assignments } = openToPeers(asked, droplet, ownAddress);

    const credentials = pulumi.secret(keys.login.output("privateKey"));
    const descriptorWith = (hostKey: pulumi.Output<string>): pulumi.Inputs => ({
        kind: "ssh",
        address,
        port: 22,
        user: "root",
        sudo: false,
        packages: "install",
        hostKey,
        instance: { provider: "digitalocean", id: droplet.id, address: ownAddress },
    });
    const hostKey = new Managed(
        "HostKey",
        `${name}-host-key`,
        {
            ...{ relay: name, ...log },
            host: descriptorWith(keys.boot.output("publicKey")),
            credentials,
            publicKey: keys.final.output("publicKey"),
            privateKey: pulumi.secret(keys.final.output("privateKey")),
        },
        { ...asked.child, dependsOn: [firewall, ...assignments] },
    );
    // Its own address: under a reserved one, the script for the Droplet that goes would run on the one that comes.
    const connection = {
        ...{ host: ownAddress, port: 22, user: "root" },
        hostKey: hostKey.output("hostKey"),
        privateKey: credentials,
    };
    const setups =
        setup === undefined ? [] : [runSetup(relay, name, setup, { connection, machine: droplet.id }, [hostKey])];
    return {
        inputs: { host: descriptorWith(hostKey.output("hostKey")), credentials },
        resources: [hostKey, ...setups],
        address,
        recorded: { hostKey },
    };
}

/** What the program asks for, and what all that is made for it is called after. */
interface DropletSpec {
    cloud: typeof digitalocean;
    plain: DigitalOceanPlain;
    name: string;
    named: Named;
    /** As the provider's console shows it. */
    label: string;
    child: pulumi.CustomResourceOptions;
}

interface SshKeyPairs {
    login: Managed<"SshKeyPair">;
    /** What the machine shows, from the first connection on. */
    final: Managed<"SshKeyPair">;
    /** What it shows until then. */
    boot: Managed<"SshKeyPair">;
}

function sshKeyPairs({ plain, name, label, child }: DropletSpec): SshKeyPairs {
    const { region, image, vpcUuid } = dropletInputs(plain);
    const pair = (role: string, purpose: string, keepers: pulumi.Inputs): Managed<"SshKeyPair"> =>
        new Managed(
            "SshKeyPair",
            `${name}-${role}`,
            { purpose, keepers },
            { ...child, additionalSecretOutputs: ["privateKey"] },
        );
    return {
        login: pair("login", `logs in to ${label}`, {}),
        final: pair("machine-key", `SSH host key of ${label}`, {}),
        // A Droplet's user-data is known to every process on it: another Droplet gets another key.
        boot: pair("boot-key", `SSH host key of ${label} until the first connection`, {
            region,
            image,
            ...(vpcUuid === undefined ? {} : { vpcUuid }),
        }),
    };
}

/** A plain value as it is, what another resource supplies once it is checked. */
function argument<T>(value: T | Later<T>, name: string): T | pulumi.Output<T> {
    return value instanceof Later ? known(value, `hosts.digitalOcean.${name}`) : value;
}

function dropletInputs({ region, size, image, vpcUuid }: DigitalOceanPlain) {
    return {
        region: argument(region, "region"),
        size: argument(size, "size"),
        image: argument(image, "image"),
        vpcUuid: vpcUuid as pulumi.Input<string> | undefined,
    };
}

/** One of ours, and those that the program gives. */
function before(
    own: pulumi.Input<string>,
    given: string[] | Later<string[]>,
    name: string,
): pulumi.Input<pulumi.Input<string>[]> {
    const all = argument(given, name);
    return pulumi.Output.isInstance(all)
        ? pulumi.all([own, all]).apply(([first, more]) => [first, ...more])
        : [own, ...all];
}

/**
 * Its provider deletes what has a name of its own before it makes another. Names are not unique here, and what goes first leaves no
 * relay when the other one cannot be made.
 */
function createDroplet(
    { cloud, plain, name, named, label, child }: DropletSpec,
    keys: SshKeyPairs,
): digitalocean.Droplet {
    const createdFirst: pulumi.CustomResourceOptions = { ...child, deleteBeforeReplace: false };
    const { region, size, image, vpcUuid } = dropletInputs(plain);
    const loginKey = new cloud.SshKey(
        `${name}-ssh-key`,
        { name: label, publicKey: keys.login.output("publicKey") },
        createdFirst,
    );
    return new cloud.Droplet(
        `${name}-droplet`,
        {
            name: label,
            region,
            size,
            image,
            sshKeys: before(loginKey.fingerprint, plain.sshKeys, "sshKeys"),
            tags: before(named.appName, plain.tags, "tags"),
            userData: userData(keys.boot),
            ...(vpcUuid === undefined ? {} : { vpcUuid }),
        },
        { ...createdFirst, additionalSecretOutputs: ["userData"] },
    );
}

/** The firewall in front of it, and the address where peers find it. */
function openToPeers(
    { cloud, plain, name, named, label, child }: DropletSpec,
    droplet: digitalocean.Droplet,
    ownAddress: pulumi.Output<string>,
): { firewall: pulumi.Resource; address: pulumi.Output<string>; assignments: pulumi.Resource[] } {
    const dropletId = droplet.id.apply(Number);
    const firewall = new cloud.Firewall(
        `${name}-cloud-firewall`,
        {
            name: label,
            dropletIds: [dropletId],
            ...firewallRules(argument(plain.sshSources, "sshSources"), named.listenPorts),
        },
        child,
    );
    const found = plain.reservedIp
        ? reserved(cloud, name, argument(plain.region, "region"), dropletId, child)
        : { address: ownAddress, assignments: [] };
    return { firewall, ...found };
}

/** An address of its own, and that it leads to the Droplet. */
function reserved(
    cloud: typeof digitalocean,
    name: string,
    region: pulumi.Input<string>,
    dropletId: pulumi.Output<number>,
    child: pulumi.CustomResourceOptions,
): { address: pulumi.Output<string>; assignments: pulumi.Resource[] } {
    const { ipAddress } = new cloud.ReservedIp(`${name}-ip`, { region }, child);
    const assignment = new cloud.ReservedIpAssignment(`${name}-ip-assignment`, { ipAddress, dropletId }, child);
    return { address: orMock(ipAddress, MOCK_ADDRESS), assignments: [assignment] };
}

function userData(boot: Managed<"SshKeyPair">): pulumi.Output<string> {
    return pulumi.secret(
        pulumi
            .all([boot.output("publicKey"), boot.output("privateKey")])
            .apply(([publicKey, privateKey]) => hostKeyUserData({ publicKey, privateKey })),
    );
}

/** In front of the machine's own firewall: what DigitalOcean does not let through never reaches it. */
function firewallRules(
    sshSources: pulumi.Input<string[]>,
    listenPorts: number[],
): Pick<digitalocean.FirewallArgs, "inboundRules" | "outboundRules"> {
    return {
        inboundRules: [
            { protocol: "tcp", portRange: "22", sourceAddresses: sshSources },
            ...listenPorts.map((port) => ({
                protocol: "udp",
                portRange: String(port),
                sourceAddresses: ANYWHERE,
            })),
            // Without it a path with a smaller MTU stalls.
            { protocol: "icmp", sourceAddresses: ANYWHERE },
        ],
        outboundRules: [
            { protocol: "tcp", portRange: "1-65535", destinationAddresses: ANYWHERE },
            { protocol: "udp", portRange: "1-65535", destinationAddresses: ANYWHERE },
            { protocol: "icmp", destinationAddresses: ANYWHERE },
        ],
    };
}

const ANYWHERE = ["0.0.0.0/0", "::/0"];
