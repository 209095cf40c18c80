import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import {
    isSupplied,
    Later,
    peerEntry,
    peerSpec,
    refuseSupplied,
    refuseUndefined,
    validate,
    type PeerPlain,
    type SuppliedSpec,
} from "../core/arguments/index.js";
import { InvalidArgument } from "../core/errors.js";
import type { Host } from "../providers/hosts/index.js";
import { formerUrns, nameIn } from "./formerUrns.js";
import { formerly, OwnPeer } from "./ownParts.js";
import { Peer, plainPeer, type PeerSpec } from "./peer.js";
import type { RelayArgs, RelayPeer } from "./relayTypes.js";
import type { Awaited, Judged, OrOutput } from "./supplied.js";

type Membership = Omit<PeerPlain, "host" | "interface" | "handedOut" | "publicKey" | "presharedKey">;

/** A peer in one relay's list. */
export interface ListedPeer {
    name: string;
    plain: Omit<Membership, "routes" | "expires"> & {
        routes: OrOutput<string[]>;
        expires?: OrOutput<string> | undefined;
    };
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

/** A peer as the program lists it: what other resources supply is not judged yet. */
export interface AskedPeer extends Omit<ListedPeer, "plain"> {
    plain: Membership;
    /** What it is called where one of its arguments is wrong. */
    subject: string;
}

/** Peers that another resource lists, as data: without a key that is to be made, and without a machine. */
export interface SuppliedPeers {
    list: Later<SuppliedSpec[]>;
    /** What the list is called. */
    subject: string;
    /** What one of them is called. */
    pathOf(index: number): string;
}

/** One of them. */
export interface SuppliedPeer {
    name: string;
    subject: string;
    plain: Omit<SuppliedSpec, "name" | "publicKey" | "presharedKey">;
    address?: string | undefined;
    publicKey: string;
    knownKey: string;
    presharedKey?: string | undefined;
    managed?: undefined;
}

/** The list as far as it is the program's own, and what other resources list. */
export function askedPeers(
    peers: RelayArgs["peers"],
    subject: string,
): { own: AskedPeer[]; supplied: SuppliedPeers[] } {
    const pathOf = (index: number): string => `${subject}[${index}]`;
    if (isSupplied(peers))
        return { own: [], supplied: [{ list: new Later(peers, z.array(peerEntry)), subject, pathOf }] };
    const own: AskedPeer[] = [];
    const supplied: SuppliedPeers[] = [];
    (peers as RelayPeer[]).forEach((entry, index) => {
        const path = pathOf(index);
        if (isSupplied(entry)) supplied.push({ list: new Later(entry, ONE_ENTRY), subject: path, pathOf: () => path });
        else own.push(askedPeer(entry as Entry, path));
    });
    return { own, supplied };
}

/** The arguments of a peer that other resources supply. */
export function* awaitedOf({ plain: { routes, expires }, subject }: AskedPeer): Generator<Awaited> {
    if (routes instanceof Later) yield [routes, `${subject}.routes`];
    if (expires instanceof Later) yield [expires, `${subject}.expires`];
}

export function listed({ subject: _called, plain, ...peer }: AskedPeer, of: Judged): ListedPeer {
    const { routes, expires } = plain;
    return { ...peer, plain: { ...plain, routes: of(routes), expires: expires === undefined ? expires : of(expires) } };
}

/** Peers of a list that is known by now. @throws InvalidArgument for what only a program can give */
export function ofSupplied(entries: readonly SuppliedSpec[], { pathOf }: SuppliedPeers): SuppliedPeer[] {
    return entries.map(({ name, publicKey, presharedKey, ...plain }, index) => {
        const subject = `${pathOf(index)} (${name})`;
        for (const [argument, key] of Object.entries({ publicKey, presharedKey }))
            if (key !== undefined && typeof key !== "string")
                throw new InvalidArgument(`${subject}.${argument}`, "is not a string", "give the key");
        return { name, subject, plain, address: plain.address, publicKey, knownKey: publicKey, presharedKey };
    });
}

/**
 * One of a relay's peers by its name. Of one that another resource lists, it shows later that it is not there.
 *
 * @throws RunError when the relay does not list it
 */
export function listedPeer(
    { peers, supplied }: { peers: ListedPeer[]; supplied?: pulumi.Output<SuppliedPeer[]> },
    name: string,
): FoundPeer {
    const missing = (): Error => new pulumi.RunError(`configFor: the relay has no peer ${name}; list it in \`peers\``);
    const own = peers.find((peer) => peer.name === name);
    if (own !== undefined) return { ...own, expires: own.plain.expires };
    if (supplied === undefined) throw missing();
    const found = supplied.apply((list) => {
        const peer = list.find((each) => each.name === name);
        if (peer === undefined) throw missing();
        return { publicKey: peer.publicKey, presharedKey: peer.presharedKey, expires: peer.plain.expires };
    });
    return { name, publicKey: found.publicKey, presharedKey: found.presharedKey, expires: found.expires };
}

/** What a peer's configuration needs of it. */
export interface FoundPeer {
    name: string;
    publicKey: pulumi.Input<string>;
    presharedKey?: pulumi.Input<string | undefined>;
    privateKey?: pulumi.Output<string> | undefined;
    expires: pulumi.Input<string | undefined>;
}

const ONE_ENTRY = peerEntry.transform((one): SuppliedSpec[] => [one]);

type Entry = Exclude<RelayPeer, pulumi.Output<unknown> | Promise<unknown>>;

function askedPeer(entry: Entry, subject: string): AskedPeer {
    if (typeof entry !== "object" || entry === null)
        throw new InvalidArgument(subject, "is not a peer", "give a Peer, its data, or { peer, address }");
    if (entry instanceof Peer) return ofResource(entry);
    if (entry instanceof OwnPeer) return ofOwn(entry, subject);
    if ("peer" in entry) return { ...askedPeer(entry.peer, `${subject}.peer`), address: entry.address };
    return ofData(entry, subject);
}

function ofResource(peer: Peer): AskedPeer {
    return {
        ...ofArguments(peer.peerName, peer.plain, `peer ${peer.peerName}`),
        managed:
            peer.host === undefined
                ? undefined
                : { host: peer.host, interface: peer.plain.interface, formerNames: formerNames(peer) },
        publicKey: peer.publicKey,
        privateKey: peer.privateKey,
    };
}

/** Checked as a Peer's arguments are; its keys follow. */
function ofOwn(own: OwnPeer, subject: string): AskedPeer {
    const { name, args } = own;
    const called = `${subject} (${name})`;
    const plain = plainPeer(name, args, called);
    return {
        ...ofArguments(name, plain, called),
        managed: args.host && { host: args.host, interface: plain.interface, formerNames: formerly(own) },
        own,
    };
}

function ofArguments(name: string, args: PeerPlain, subject: string): AskedPeer {
    const { publicKey, presharedKey, host: _checked, handedOut: _hers, interface: _device, ...plain } = args;
    return {
        name,
        subject,
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

function ofData(spec: PeerSpec, subject: string): AskedPeer {
    const called = `${subject}${typeof spec.name === "string" ? ` (${spec.name})` : ""}`;
    refuseSupplied("peer", spec, called);
    const { name, ...plain } = validate(peerSpec, spec, called);
    refuseUndefined(called, spec, { presharedKey: "derived" });
    return ofArguments(name, { ...plain, handedOut: false }, called);
}
