import * as pulumi from "@pulumi/pulumi";

import { refuseSupplied, serviceArgs, validate, type ServicePlain } from "../core/arguments/index.js";
import { checkServiceName } from "../core/names.js";
import type { AccessTerms } from "./accessTerms.js";
import type { Peer, PeerSpec } from "./peer.js";
import { formerUrns, nameIn } from "./formerUrns.js";
import { nameOf, type PeerRef } from "./references.js";
import { registeredService, Registration } from "./registered.js";

/** A peer or a group that is allowed to open a service on terms. */
export interface AllowedPeer extends AccessTerms {
    peer: PeerRef;
}

/** A web service that peers reach through the relay, over post-quantum TLS. */
export interface ExposedServiceArgs {
    /** `host:port`, resolved on the machine where TLS ends, or a peer and its port. */
    upstream: pulumi.Input<string> | { peer: PeerRef; port: number };
    /**
     * Peers that are allowed to open it, names of the relay's groups, or `everyone` (the listed peers); `{ peer, until }` for one whose
     * access ends. Default: none.
     */
    allow?: (PeerRef | AllowedPeer)[] | "everyone";
    /** TCP port on the tunnel address of where TLS ends. Default: allocated from 8443 to 8499. */
    port?: number;
    /** `both` (default): the client decides; or only one: `ed25519`, which no browser accepts, or `ecdsa-p256`. */
    certificate?: "ed25519" | "ecdsa-p256" | "both";
    /** `require` (default): X25519MLKEM768 and nothing else; `prefer`: also X25519. */
    keyExchange?: "require" | "prefer";
    /** Where TLS ends: a managed peer, so that the relay sees only ciphertext. Default: the relay. */
    on?: Peer | PeerSpec | string;
}

/** One service. Which relays expose it is said there. */
export class ExposedService extends pulumi.ComponentResource {
    readonly serviceName: string;
    /** @internal */
    readonly plain: ServicePlain;
    /** @internal What it was called before, by `aliases`. As promises: a parent's own name may be one. */
    readonly formerNames: Promise<string>[];

    constructor(name: string, args: ExposedServiceArgs, options?: pulumi.ComponentResourceOptions) {
        const plain = plainService(name, args, `service ${name}`);
        const registration = new Registration(registeredService(plain));
        super("qptunnel:index:ExposedService", name, registration.inputs, options);
        registration.of(this);
        this.serviceName = name;
        this.plain = plain;
        this.formerNames = formerUrns(this).map(async (urn) => nameIn(await urn));
        this.registerOutputs(registration.outputs);
    }
}

/**
 * @internal Its type is zod's, which the package's declarations leave out.
 *
 * @throws InvalidArgument naming every fault
 */
export function plainService(name: string, args: ExposedServiceArgs, subject: string): ServicePlain {
    checkServiceName(name, subject);
    refuseSupplied("service", args, subject);
    return validate(serviceArgs, byName(args, subject), subject);
}

/** The arguments with every peer as a name; what is malformed is left for the schema to name. */
function byName(args: ExposedServiceArgs, subject: string): unknown {
    if (typeof args !== "object" || args === null) return args;
    const { upstream, allow, on } = args;
    return {
        ...args,
        ...(isPeerUpstream(upstream)
            ? { upstream: { ...upstream, peer: nameOf(upstream.peer, `${subject}.upstream.peer`) } }
            : {}),
        ...(Array.isArray(allow)
            ? { allow: allow.map((peer, index) => allowedByName(peer, `${subject}.allow[${index}]`)) }
            : {}),
        ...(on === undefined ? {} : { on: nameOf(on, `${subject}.on`) }),
    };
}

function allowedByName(allowed: PeerRef | AllowedPeer, subject: string): unknown {
    if (typeof allowed === "object" && allowed !== null && "peer" in allowed)
        return { ...allowed, peer: nameOf(allowed.peer, `${subject}.peer`) };
    return nameOf(allowed, subject);
}

function isPeerUpstream(upstream: ExposedServiceArgs["upstream"]): upstream is { peer: PeerRef; port: number } {
    return (
        typeof upstream === "object" && upstream !== null && "peer" in upstream && !pulumi.Output.isInstance(upstream)
    );
}
