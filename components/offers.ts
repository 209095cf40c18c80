import * as pulumi from "@pulumi/pulumi";

import { isSupplied } from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import { admit, type Limits } from "../core/offers/admit.js";
import { type Offer, OFFER_FORMAT, parseOffer } from "../core/offers/index.js";
import type { Peer, PeerSpec } from "./peer.js";
import { nameOf, type PeerRef } from "./references.js";
import type { Grant } from "./relayTypes.js";

/** What a program gives another party, so that this one can admit its peers: no part of it is secret. */
export interface OfferArgs {
    /** Who makes it: the recipient puts it before the peers' names. Default: the project's name. */
    from?: string;
    /** Peers to be admitted at the recipient's relay; only their names and public keys are in the offer. */
    peers: (Peer | PeerSpec)[];
    /** What they ask for there, in the recipient's names. Default: nothing. */
    wants?: OfferedWant[];
    /** `relay.checkpoint`: how far the log has grown, for the recipient's log to record. Default: the offer says nothing of it. */
    checkpoint?: pulumi.Input<{ note: string }>;
}

/** Access that is asked for: to a peer's ports, or without ports to a service. */
export interface OfferedWant {
    from: PeerRef;
    to: string;
    ports?: string[];
}

/**
 * An offer for another party. Export it as a stack output, which the other party reads by a StackReference, or write it into a file with
 * `qp-tunnel offer`.
 *
 * @throws InvalidArgument naming every fault
 */
export function makeOffer({ from, peers, wants = [], checkpoint }: OfferArgs): pulumi.Output<Offer> {
    const names = peers.map((peer, index) => nameOf(peer, `offer.peers[${index}]`));
    const content = {
        format: OFFER_FORMAT,
        from: from ?? pulumi.getProject(),
        wants: wants.map(({ from: who, to, ports }, index) => ({
            from: nameOf(who, `offer.wants[${index}].from`),
            to,
            ...(ports === undefined ? {} : { ports }),
        })),
    };
    const judge = (keys: unknown[]): Offer =>
        parseOffer({ ...content, peers: keys.map((publicKey, index) => ({ name: names[index], publicKey })) }, "offer");
    // At once, so that the preview that makes a key says what else is wrong.
    const given = peers.map(({ publicKey }) => publicKey);
    judge(given.map((key, index) => (isSupplied(key) ? standIn(index) : key)));
    const offer = pulumi.all(given).apply(judge);
    if (checkpoint === undefined) return offer;
    return pulumi.all([offer, checkpoint]).apply(([judged, { note }]) => ({ ...judged, log: { note } }));
}

/** A key for a peer whose own is not known yet: a different one for each. */
function standIn(index: number): string {
    const key = Buffer.alloc(32, 0x20);
    key.writeUInt32LE(index);
    return key.toString("base64");
}

/** The most that a program gives to those that an offer names. */
export interface OfferLimits<Service extends string = string> {
    /** Who makes the offer; another one's is refused. */
    from: string;
    /** Offered peers to admit, as the offer names them. Default: all of them. */
    peers?: string[];
    /** By peer of this program: the ports that may be asked for. Default: none. */
    grants?: Record<string, string[]>;
    /** Services that may be asked for. Default: none. */
    services?: Service[];
}

/** What an offer asks for, as far as it is allowed. */
export interface ReceivedOffer<Service extends string = string> {
    /** For `Relay.peers`: under names with the sender's before them, `birch-editor`. */
    peers: PeerSpec[];
    /** For `Relay.grants`. */
    grants: Grant[];
    /** By service, for `ExposedService.allow`. */
    allow: Record<Service, string[]>;
}

/**
 * An offer of another party, for this program's relay: what it asks for and the limits allow. A warning says what it asks for in vain.
 *
 * @param source the text of a file, or the plain value of the other stack's output:
 *   `(await new pulumi.StackReference("birch/prod").getOutputDetails("offer")).value`
 * @throws InvalidArgument naming every fault
 */
export function readOffer<Service extends string = never>(
    source: unknown,
    { from, ...limits }: OfferLimits<Service>,
): ReceivedOffer<Service> {
    const subject = `offer of ${from}`;
    if (isSupplied(source)) {
        const fix =
            "give the text of a file, or `await` of a StackReference's `getOutputDetails`, and of that the value";
        throw new InvalidArgument(subject, "is an Output, but names of peers must be known when the program runs", fix);
    }
    if (source === undefined || source === null)
        throw new InvalidArgument(subject, "is missing", "ask for it, and store it where this program reads it");
    const offer = parseOffer(source, subject);
    if (offer.from !== from) {
        const problem = `it is the offer of ${offer.from}`;
        throw new InvalidArgument(subject, problem, "give the right file, or correct `from`");
    }
    const { refused, ...admitted } = admit(offer, limits satisfies Limits, subject);
    for (const sentence of refused) void pulumi.log.warn(sentence);
    return admitted;
}
