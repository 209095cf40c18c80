import * as pulumi from "@pulumi/pulumi";

import { peerArgs, validate, type PeerPlain } from "../core/arguments.js";
import { InvalidArgument } from "../core/errors.js";
import { checkName } from "../core/names.js";
import { Managed, secretChild } from "./managed.js";

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
    /** Manage her machine as well. */
    host?: unknown;
}

/** A peer as plain data, from a file for instance: she brings her own key. */
export interface PeerSpec extends Omit<PeerArgs, "publicKey" | "host"> {
    name: string;
    publicKey: pulumi.Input<string>;
}

/** One person or machine with a WireGuard client. */
export class Peer extends pulumi.ComponentResource {
    readonly peerName: string;
    /** Her public key, given or generated. */
    readonly publicKey: pulumi.Output<string>;
    /** The generated private key, a secret; absent when she brought her own. */
    readonly privateKey?: pulumi.Output<string>;
    /** @internal */
    readonly plain: PeerPlain;

    constructor(name: string, args: PeerArgs = {}, options?: pulumi.ComponentResourceOptions) {
        const subject = `peer ${name}`;
        checkName(name, subject);
        const plain = validate(peerArgs, args, subject);
        refuseUnbuilt(subject, plain);
        super("qptunnel:index:Peer", name, {}, options);
        this.peerName = name;
        this.plain = plain;
        if (args.publicKey !== undefined) {
            this.publicKey = pulumi.output(plain.publicKey as pulumi.Input<string>);
        } else {
            const keys = new Managed(
                "KeyPair",
                `${name}-key`,
                { owner: name, epoch: plain.keyEpoch },
                secretChild(this)("privateKey"),
            );
            this.publicKey = keys.output("publicKey");
            this.privateKey = keys.output("privateKey");
        }
        this.registerOutputs({ publicKey: this.publicKey });
    }
}

/** What this version does not do yet is refused, not ignored. */
function refuseUnbuilt(subject: string, plain: { host?: unknown }): void {
    if (plain.host !== undefined) {
        throw new InvalidArgument(
            `${subject}.host`,
            "managed peers are not supported yet",
            "hand out configFor(peer) instead",
        );
    }
}
