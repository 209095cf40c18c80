import type * as pulumi from "@pulumi/pulumi";

import { parseSubnet, type Subnet } from "../core/addresses/index.js";
import {
    checkRelay,
    peerSpec,
    refuseUndefined,
    relayArgs,
    validate,
    type GrantPlain,
    type PeerPlain,
    type RelayPlain,
    type ServicePlain,
} from "../core/arguments/index.js";
import { checkEpochs } from "../core/keys/epochs.js";
import { InvalidArgument } from "../core/errors.js";
import { checkName } from "../core/names.js";
import type { Host } from "../providers/hosts/index.js";
import { AuditSink, auditReference, type AuditReference } from "./auditSink.js";
import { ExposedService, plainService } from "./exposedService.js";
import { formerUrns, nameIn } from "./formerUrns.js";
import { formerly, OwnLog, OwnPeer, OwnService } from "./ownParts.js";
import { fromByName, grantByName } from "./grantNames.js";
import { Peer, plainPeer, type PeerSpec } from "./peer.js";
import type { RelayArgs } from "./relayTypes.js";

/** A peer in one relay's list. */
export interface ListedPeer {
    name: string;
    plain: Omit<PeerPlain, "host" | "interface" | "handedOut" | "publicKey" | "presharedKey">;
    /** The peer's machine, if it is managed. */
    managed?: ManagedMachine | undefined;
    /** Pinned on this relay, or in the peer itself. */
    address?: string | undefined;
    publicKey: pulumi.Input<string>;
    /** The key when it is plain: then the registry knows it too. */
    knownKey?: string | undefined;
    presharedKey?: pulumi.Input<string> | undefined;
    /** Only when it was generated. */
    privateKey?: pulumi.Output<string> | undefined;
    /** Of a peer that the relay declares itself: its keys are there once the relay is registered. */
    own?: OwnPeer;
}

export interface ManagedMachine {
    host: Host;
    interface: string | undefined;
    /** What the peer was called before, by its aliases: its machine's resources are called after it. */
    formerNames: Promise<string>[];
}

export interface ListedService {
    name: string;
    plain: ServicePlain;
    formerNames: Promise<string>[];
}

/** A relay's arguments, checked and with defaults. */
export interface ResolvedRelay {
    plain: RelayPlain;
    host: Host;
    audit: AuditReference;
    subnet: Subnet;
    subnet6?: Subnet;
    address: string;
    address6?: string;
    /** Whether the program says the MTU. */
    isMtuGiven: boolean;
    peers: ListedPeer[];
    services: ListedService[];
    grants: GrantPlain[];
}

/** @throws InvalidArgument naming every fault, before any resource exists */
export function resolveRelay(name: string, args: RelayArgs): ResolvedRelay {
    const subject = `relay ${name}`;
    checkName(name, subject);
    const plain = validate(
        relayArgs,
        {
            ...args,
            ...(Array.isArray(args.grants)
                ? { grants: args.grants.map((grant, index) => grantByName(grant, `${subject}.grants[${index}]`)) }
                : {}),
            ...(Array.isArray(args.expect)
                ? { expect: args.expect.map((each, index) => fromByName(each, `${subject}.expect[${index}]`)) }
                : {}),
        },
        subject,
    );
    refuseUndefined(subject, args, { privateKey: "generated" });
    const audit = listedLog(args.audit, `${subject}.audit`);
    checkEpochs(plain, subject);
    const peers = args.peers.map((peer, index) => listedPeer(peer, `${subject}.peers[${index}]`));
    if (args.host.descriptor.kind === "script") refuseWithoutConnection(subject, plain, peers);
    else refuseAdoptedTwice(subject, plain);
    const services = (args.services ?? []).map((service, index) =>
        listedService(service, `${subject}.services[${index}]`),
    );
    checkRelay(
        {
            ...plain,
            publicKey: undefined,
            peers: peers.map((peer) => ({
                name: peer.name,
                publicKey: peer.knownKey,
                routes: peer.plain.routes,
                managed: peer.managed !== undefined,
            })),
            services: services.map((service) => ({
                name: service.name,
                allow: service.plain.allow,
                on: service.plain.on,
                ...plainUpstream(service.plain),
            })),
        },
        subject,
    );
    const subnet = parseSubnet(plain.subnet, `${subject}.subnet`, 4);
    const subnet6 = plain.subnet6 === undefined ? undefined : parseSubnet(plain.subnet6, `${subject}.subnet6`, 6);
    return {
        plain,
        host: args.host,
        audit,
        subnet,
        address: subnet.relay,
        ...(subnet6 === undefined ? {} : { subnet6, address6: subnet6.relay }),
        isMtuGiven: args.mtu !== undefined,
        peers,
        services,
        grants: plain.grants,
    };
}

function listedPeer(entry: RelayArgs["peers"][number], subject: string): ListedPeer {
    if (typeof entry !== "object" || entry === null)
        throw new InvalidArgument(subject, "is not a peer", "give a Peer, its data, or { peer, address }");
    if (entry instanceof Peer) return ofResource(entry);
    if (entry instanceof OwnPeer) return ofOwn(entry, subject);
    if ("peer" in entry) return { ...listedPeer(entry.peer, `${subject}.peer`), address: entry.address };
    return ofData(entry, subject);
}

function ofResource(peer: Peer): ListedPeer {
    return {
        ...ofArguments(peer.peerName, peer.plain),
        managed:
            peer.host === undefined
                ? undefined
                : { host: peer.host, interface: peer.plain.interface, formerNames: formerNames(peer) },
        publicKey: peer.publicKey,
        privateKey: peer.privateKey,
    };
}

/** Checked as a Peer's arguments are; its keys follow. */
function ofOwn(own: OwnPeer, subject: string): ListedPeer {
    const { name, args } = own;
    const plain = plainPeer(name, args, `${subject} (${name})`);
    return {
        ...ofArguments(name, plain),
        managed: args.host && { host: args.host, interface: plain.interface, formerNames: formerly(own) },
        own,
    };
}

function ofArguments(name: string, args: PeerPlain): ListedPeer {
    const { publicKey, presharedKey, host: _checked, handedOut: _hers, interface: _device, ...plain } = args;
    return {
        name,
        plain,
        address: plain.address,
        publicKey: (publicKey ?? "") as pulumi.Input<string>,
        knownKey: typeof publicKey === "string" ? publicKey : undefined,
        presharedKey: presharedKey as pulumi.Input<string> | undefined,
    };
}

function formerNames(peer: Peer): Promise<string>[] {
    return formerUrns(peer).map(async (urn) => nameIn(await urn));
}

function ofData(spec: PeerSpec, subject: string): ListedPeer {
    const { name, publicKey, presharedKey, ...plain } = validate(
        peerSpec,
        spec,
        `${subject}${typeof spec.name === "string" ? ` (${spec.name})` : ""}`,
    );
    refuseUndefined(`${subject} (${name})`, spec, { presharedKey: "derived" });
    return {
        name,
        plain,
        address: plain.address,
        publicKey: publicKey as pulumi.Input<string>,
        knownKey: typeof publicKey === "string" ? publicKey : undefined,
        presharedKey: presharedKey as pulumi.Input<string> | undefined,
    };
}

function listedService(service: unknown, subject: string): ListedService {
    if (service instanceof OwnService) {
        const { name, args } = service;
        return { name, plain: plainService(name, args, `${subject} (${name})`), formerNames: formerly(service) };
    }
    if (!(service instanceof ExposedService))
        throw new InvalidArgument(subject, "is not an ExposedService", 'give one: new ExposedService("grafana", ...)');
    return { name: service.serviceName, plain: service.plain, formerNames: service.formerNames };
}

function listedLog(audit: unknown, subject: string): AuditReference {
    if (audit instanceof AuditSink) return audit.reference;
    if (audit instanceof OwnLog) return auditReference(audit.args, subject);
    throw new InvalidArgument(subject, "is not an AuditSink", 'give one: new AuditSink("audit")');
}

function plainUpstream({ upstream }: ServicePlain): { upstream?: string | { peer: string; port: number } } {
    return typeof upstream === "string" || "peer" in upstream ? { upstream: upstream } : {};
}

/** Checks a relay that generates its own key and cannot be queried for its address. */
function refuseWithoutConnection(subject: string, plain: RelayPlain, peers: ListedPeer[]): void {
    const managed = peers.find((peer) => peer.managed !== undefined);
    if (managed !== undefined) {
        throw new InvalidArgument(
            `${subject}.peers.${managed.name}.host`,
            "is a managed peer, which a relay that is configured by a script cannot have",
            "remove it, and hand out configFor(peer)",
        );
    }
    const limited = peers.find((peer) => peer.plain.expires !== undefined);
    if (limited !== undefined) {
        throw new InvalidArgument(
            `${subject}.peers.${limited.name}.expires`,
            "is not enforced on a relay that is configured by a script",
            "remove it, and remove the peer from the program on that day",
        );
    }
    if (plain.endpoint === undefined) {
        throw new InvalidArgument(
            `${subject}.endpoint`,
            "is missing, and the machine of a script cannot be queried for its address",
            "set the host or host:port that peers connect to",
        );
    }
    if (plain.privateKey !== undefined) {
        throw new InvalidArgument(
            `${subject}.privateKey`,
            "would have to be in the script, and a script must not contain a private key",
            "remove it: the relay generates its own",
        );
    }
    if (plain.certificateRenewal === "relay") {
        throw new InvalidArgument(
            `${subject}.certificateRenewal`,
            '"relay" needs a private key on the relay, and a script must not contain one',
            "remove it: a new script renews the certificates",
        );
    }
    if (Math.max(...plain.keyEpochs) > 1) {
        throw new InvalidArgument(
            `${subject}.keyEpochs`,
            "rotation is not supported for a relay that is configured by a script",
            "remove it",
        );
    }
}

/** A key that is made on the relay cannot be one that is given. */
function refuseAdoptedTwice(subject: string, plain: RelayPlain): void {
    if (plain.identity === "host" && plain.privateKey !== undefined) {
        throw new InvalidArgument(
            `${subject}.privateKey`,
            'cannot be given where identity is "host"',
            'remove one of them: a given key is a secret in the state (identity: "state")',
        );
    }
}
