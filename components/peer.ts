import * as pulumi from "@pulumi/pulumi";

import { peerArgs, refuseSupplied, refuseUndefined, validate, type PeerPlain } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import { checkName } from "../core/names.js";
import type { Host } from "../providers/hosts/index.js";
import { Managed, secretChild } from "./managed.js";
import { registeredPeer, Registration } from "./registered.js";

/** Arguments whose absence makes a new key: undefined by mistake must not. */
const KEYS = { publicKey: "generated", presharedKey: "derived" };

/** A WireGuard peer. Each relay lists the peers that it admits. */
export interface PeerArgs {
    /** The peer's WireGuard public key, base64. Default: a pair is generated; its private key is a secret in the state. */
    publicKey?: pulumi.Input<string>;
    /** A preshared key (a secret), or `none`. Default: derived per relay and peer. */
    presharedKey?: pulumi.Input<string>;
    /** The peer's IPv4 tunnel address. Default: allocated to the name permanently. */
    address?: string;
    /** Networks behind the peer, CIDR. Default: none. */
    routes?: pulumi.Input<pulumi.Input<string>[]>;
    /** Raise it for a new key pair and a new preshared key. Default: 1. */
    keyEpoch?: number;
    /** When the relay itself cuts the peer off, RFC 3339, without an update. Default: never. */
    expires?: pulumi.Input<string>;
    /** Admit a key again that was revoked. Default: false. */
    reinstate?: boolean;
    /**
     * The owner has the configuration: a generated private key is removed from the state, and configFor omits it. Only a
     * higher `keyEpoch` makes another one. Default: false.
     */
    handedOut?: boolean;
    /** Manage the peer's machine as well: `hosts.local` or `hosts.ssh`. Its key is then generated. Default: not managed. */
    host?: Host;
    /** Name of the interface on a machine that is managed. Default: the relay's. */
    interface?: string;
}

/** A peer as plain data, from a file for instance, with its own key. */
export interface PeerSpec extends Omit<PeerArgs, "publicKey" | "host" | "interface" | "handedOut"> {
    name: string;
    publicKey: pulumi.Input<string>;
}

/** One person or machine with a WireGuard client. */
export class Peer extends pulumi.ComponentResource {
    readonly peerName: string;
    /** The public key, given or generated. */
    readonly publicKey: pulumi.Output<string>;
    /** The generated private key, a secret; absent for a peer with its own key, empty once it was handed out. */
    readonly privateKey?: pulumi.Output<string>;
    /** @internal Host of the peer's machine, if it is managed. */
    readonly host?: Host;
    /** @internal */
    readonly plain: PeerPlain;

    constructor(name: string, args?: PeerArgs, options?: pulumi.ComponentResourceOptions);
    /** @internal @param resourceName of a peer that one relay has for itself: another relay may have one of the same name */
    constructor(name: string, args: PeerArgs, options: pulumi.ComponentResourceOptions, resourceName: string);
    constructor(
        name: string,
        args: PeerArgs = {},
        options: pulumi.ComponentResourceOptions = {},
        resourceName: string = name,
    ) {
        const plain = plainPeer(name, args, `peer ${name}`);
        const registration = new Registration(registeredPeer(args, plain));
        super("qptunnel:index:Peer", resourceName, registration.inputs, options);
        registration.of(this);
        this.peerName = name;
        this.plain = plain;
        if (args.host !== undefined) this.host = args.host;
        if (args.publicKey !== undefined) {
            this.publicKey = pulumi.output(plain.publicKey as pulumi.Input<string>);
        } else {
            const keys = new Managed(
                "KeyPair",
                `${resourceName}-key`,
                { owner: name, epoch: plain.keyEpoch, ...(plain.handedOut ? { handedOut: true } : {}) },
                secretChild(this)("privateKey"),
            );
            this.publicKey = keys.output("publicKey");
            this.privateKey = keys.output("privateKey");
        }
        this.registerOutputs({ publicKey: this.publicKey, ...registration.outputs });
    }
}

/**
 * @internal Its type is zod's, which the package's declarations leave out.
 *
 * @throws InvalidArgument naming every fault
 */
export function plainPeer(name: string, args: PeerArgs, subject: string): PeerPlain {
    checkName(name, subject);
    refuseSupplied("peer", args, subject);
    const plain = validate(peerArgs, args, subject);
    refuseUndefined(subject, args, KEYS);
    if (plain.handedOut) refuseHandedOut(subject, args);
    if (args.host === undefined) refuseWithoutHost(subject, plain);
    else refuseUnmanageable(subject, plain, args.host);
    return plain;
}

function refuseWithoutHost(subject: string, { interface: device }: PeerPlain): void {
    if (device === undefined) return;
    throw new InvalidArgument(
        `${subject}.interface`,
        "has no effect without a host: the peer's own configuration has the interface name",
        "remove it, or set the host of the managed machine",
    );
}

function refuseHandedOut(subject: string, { publicKey, host }: PeerArgs): void {
    const refuse = (problem: string): never => {
        throw new InvalidArgument(`${subject}.handedOut`, problem, "remove it");
    };
    if (publicKey !== undefined) refuse("has no effect with publicKey: the private key was never in the state");
    if (host !== undefined)
        refuse("cannot be combined with host: the machine is configured with the key from the state");
}

/** Checks the arguments of a managed peer: its machine is configured with a generated key. */
function refuseUnmanageable(subject: string, plain: PeerPlain, { descriptor }: Host): void {
    const refuse = (argument: string, problem: string, fix: string): never => {
        throw new InvalidArgument(`${subject}.${argument}`, problem, fix);
    };
    if (descriptor?.kind !== "local" && descriptor?.kind !== "ssh")
        refuse(
            "host",
            "cannot be the machine of a managed peer",
            "give hosts.local() or hosts.ssh(), or hand out configFor(peer)",
        );
    if (plain.publicKey !== undefined)
        refuse(
            "publicKey",
            "cannot be combined with host: a managed peer needs the private key",
            "remove it: a key pair is generated",
        );
    if (plain.expires !== undefined)
        refuse(
            "expires",
            "would leave a managed machine that cannot connect",
            "remove it, and remove the peer from the program on that day",
        );
}
