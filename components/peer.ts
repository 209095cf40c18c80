import * as pulumi from "@pulumi/pulumi";

import { peerArgs, refuseUndefined, validate, type PeerPlain } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import { checkName } from "../core/names.js";
import type { Host } from "../providers/hosts/index.js";
import { Managed, secretChild } from "./managed.js";

/** Arguments whose absence makes a new key: undefined by mistake must not. */
const KEYS = { publicKey: "generated", presharedKey: "derived" };

/** Who may be connected. On which relays is said there. */
export interface PeerArgs {
    /** Her WireGuard public key, base64. Default: a pair is generated, the private half a secret in the state. */
    publicKey?: pulumi.Input<string>;
    /** A preshared key (a secret), or `none`. Default: derived per relay and peer. */
    presharedKey?: pulumi.Input<string>;
    /** Her IPv4 tunnel address. Default: allocated, by name and for ever. */
    address?: string;
    /** Networks behind her, CIDR. Default: none. */
    routes?: string[];
    /** Raise it for a new key pair and a new preshared key. Default: 1. */
    keyEpoch?: number;
    /** When she is cut off, RFC 3339: by the relay itself, with nobody applying. Default: never. */
    expires?: string;
    /** Admit a key again that was revoked. Default: false. */
    reinstate?: boolean;
    /**
     * She has her configuration: a generated private key leaves the state, and configFor gives a file without it. Only a
     * higher `keyEpoch` makes another one. Default: false.
     */
    handedOut?: boolean;
    /** Manage her machine as well: `hosts.local` or `hosts.ssh`. Her key is then generated. Default: it is hers alone. */
    host?: Host;
    /** Name of the interface on a machine that is managed. Default: the relay's. */
    interface?: string;
}

/** A peer as plain data, from a file for instance: she brings her own key. */
export interface PeerSpec extends Omit<PeerArgs, "publicKey" | "host" | "interface" | "handedOut"> {
    name: string;
    publicKey: pulumi.Input<string>;
}

/** One person or machine with a WireGuard client. */
export class Peer extends pulumi.ComponentResource {
    readonly peerName: string;
    /** Her public key, given or generated. */
    readonly publicKey: pulumi.Output<string>;
    /** The generated private key, a secret; absent when she brought her own, empty once it was handed out. */
    readonly privateKey?: pulumi.Output<string>;
    /** @internal Where her machine is, when it is managed. */
    readonly host?: Host;
    /** @internal */
    readonly plain: PeerPlain;

    constructor(name: string, args: PeerArgs = {}, options?: pulumi.ComponentResourceOptions) {
        const subject = `peer ${name}`;
        checkName(name, subject);
        const plain = validate(peerArgs, args, subject);
        refuseUndefined(subject, args, KEYS);
        if (plain.handedOut) refuseHandedOut(subject, args);
        if (args.host === undefined) refuseWithoutHost(subject, plain);
        else refuseUnmanageable(subject, plain, args.host);
        super("qptunnel:index:Peer", name, {}, options);
        this.peerName = name;
        this.plain = plain;
        if (args.host !== undefined) this.host = args.host;
        if (args.publicKey !== undefined) {
            this.publicKey = pulumi.output(plain.publicKey as pulumi.Input<string>);
        } else {
            const keys = new Managed(
                "KeyPair",
                `${name}-key`,
                { owner: name, epoch: plain.keyEpoch, ...(plain.handedOut ? { handedOut: true } : {}) },
                secretChild(this)("privateKey"),
            );
            this.publicKey = keys.output("publicKey");
            this.privateKey = keys.output("privateKey");
        }
        this.registerOutputs({ publicKey: this.publicKey });
    }
}

function refuseWithoutHost(subject: string, { interface: device }: PeerPlain): void {
    if (device === undefined) return;
    throw new InvalidArgument(
        `${subject}.interface`,
        "means nothing without a host: her own configuration names the interface",
        "leave it out, or give the host that is to be managed",
    );
}

function refuseHandedOut(subject: string, { publicKey, host }: PeerArgs): void {
    const refuse = (problem: string): never => {
        throw new InvalidArgument(`${subject}.handedOut`, problem, "leave it out");
    };
    if (publicKey !== undefined) refuse("means nothing for a key that she brought: its private half was never here");
    if (host !== undefined)
        refuse("is not possible with a host: the machine is filled with the key that the state keeps");
}

/** The machine is set up with a key of hers and follows the relay: that must be possible. */
function refuseUnmanageable(subject: string, plain: PeerPlain, { descriptor }: Host): void {
    const refuse = (argument: string, problem: string, fix: string): never => {
        throw new InvalidArgument(`${subject}.${argument}`, problem, fix);
    };
    if (descriptor?.kind !== "local" && descriptor?.kind !== "ssh")
        refuse(
            "host",
            "is not a machine that a peer can be managed on",
            "give hosts.local() or hosts.ssh(), or hand out configFor(peer)",
        );
    if (plain.publicKey !== undefined)
        refuse(
            "publicKey",
            "belongs to a key that she keeps, and a managed peer needs it",
            "leave it out: a pair is made",
        );
    if (plain.expires !== undefined)
        refuse(
            "expires",
            "would leave a machine that is managed and may not connect",
            "leave it out, and take the peer out of the program on that day",
        );
}
