import type { RegistryPeer } from "../../../core/registry/model.js";
import { type AdoptionTerms, termsShape } from "../import/terms.js";
import { type SuppliedInputs, suppliedShape } from "../ledger/supplied.js";
import { type PlacedInputs, readPlaced } from "../relay/placed.js";
import type { Properties, Unknown } from "../resource.js";
import {
    anything,
    type Fields,
    fields,
    listOf,
    mapOf,
    number,
    oneOf,
    optional,
    previewed,
    read,
    type Shape,
    text,
} from "../shape.js";

/** What WireGuard's inputs are once they are resolved. */
export interface WireGuardInputs {
    address: string;
    address6?: string;
    prefix: number;
    prefix6?: number;
    /** UDP port of odd epochs; even ones have the next. */
    listenPort: number;
    mtu: number;
    /** Key epochs of the relay. */
    epochs: number[];
    /** By epoch; none where the keys are made on the relay. */
    privateKeys?: Record<string, string>;
    identity?: "state" | "host";
    /** An epoch to retire although peers still use it. */
    forceRetire?: number;
    /** Seconds in which a replaced key still works beside the new one. */
    keyOverlap?: number;
    subnet?: string;
    subnet6?: string;
    /** Absent where the secrets of a state are not open. */
    seed?: string;
    peers: Record<string, RegistryPeer>;
    /** Keys that are not in the registry: generated ones. */
    publicKeys: Record<string, string>;
    /** Only what a program gave: a key, or "none". All others are derived. */
    presharedKeys?: Record<string, string>;
    /** Networks behind the relay, forwarded to by it. */
    routes: string[];
    /** Of a managed peer. */
    leaf?: LeafInputs;
}

/** Who a managed peer is on its relay, and how it gets there: its interface has one peer, and that is the relay. */
export interface LeafInputs {
    /** Of the peer. */
    name: string;
    keyEpoch: number;
    admitted: number;
    /** host:port of the relay's newest key epoch. */
    endpoint: string;
    /** Seconds; 0 for none. */
    keepalive: number;
}

/** What WireGuard is told, of which a preview may not know some. */
interface OwnInputs extends Omit<WireGuardInputs, "address" | "address6" | "mtu" | "routes" | Previewed> {
    address: string | Unknown;
    address6?: string | Unknown;
    privateKeys?: Record<string, string | Unknown> | Unknown;
    mtu: number | Unknown;
    routes: string[] | Unknown;
    seed?: string | Unknown;
    peers?: Record<string, RegistryPeer | Unknown> | Unknown;
    publicKeys?: Record<string, string | Unknown> | Unknown;
    presharedKeys?: Record<string, unknown> | Unknown;
    leaf?: { [K in keyof LeafInputs]: LeafInputs[K] | Unknown };
    /** Who the program lists without an expiry. */
    listed?: string[] | Unknown;
    /** What other resources say of peers: in `peers` it is as it was, as long as a preview does not know it. */
    supplied?: SuppliedInputs;
    /** Names of the peers in the registry. */
    peerNames?: string | Unknown;
    /** The relay's known addresses: no peer's route may contain them. */
    reached?: { endpoint?: unknown; machine?: unknown; client?: unknown };
    /** Public key of an interface that may be taken over, and on which terms. */
    adopts?: string | Unknown;
    adoption?: AdoptionTerms;
}

type Previewed = "privateKeys" | "seed" | "peers" | "publicKeys" | "presharedKeys" | "leaf";

export type WireGuardPlan = PlacedInputs & OwnInputs;

/** As much of it as tells who is on the interface, with which keys. */
export type PeerInputs = Pick<OwnInputs, "peers" | "publicKeys" | "presharedKeys" | "seed">;

export const peerShape: Shape<RegistryPeer> = fields<RegistryPeer>({
    address: text,
    address6: optional(text),
    publicKey: optional(text),
    routes: optional(listOf(text)),
    keyEpoch: optional(number),
    admitted: optional(number),
    expires: optional(text),
});

const plain: Fields<Omit<WireGuardInputs, "address" | "address6" | "mtu" | "routes" | Previewed>> = {
    prefix: number,
    prefix6: optional(number),
    listenPort: number,
    epochs: listOf(number),
    identity: optional(oneOf("state", "host")),
    forceRetire: optional(number),
    keyOverlap: optional(number),
    subnet: optional(text),
    subnet6: optional(text),
};

const toldShape: Shape<OwnInputs> = fields<OwnInputs>({
    ...plain,
    address: previewed(text),
    address6: optional(previewed(text)),
    mtu: previewed(number),
    routes: previewed(listOf(text)),
    supplied: optional(suppliedShape),
    privateKeys: optional(previewed(mapOf(previewed(text)))),
    seed: optional(previewed(text)),
    peers: optional(previewed(mapOf(previewed(peerShape)))),
    publicKeys: optional(previewed(mapOf(previewed(text)))),
    presharedKeys: optional(previewed(mapOf(anything))),
    leaf: optional(
        fields<NonNullable<OwnInputs["leaf"]>>({
            name: previewed(text),
            keyEpoch: previewed(number),
            admitted: previewed(number),
            endpoint: previewed(text),
            keepalive: previewed(number),
        }),
    ),
    listed: optional(previewed(listOf(text))),
    peerNames: optional(previewed(text)),
    reached: optional(
        fields<NonNullable<OwnInputs["reached"]>>({
            endpoint: optional(anything),
            machine: optional(anything),
            client: optional(anything),
        }),
    ),
    adopts: optional(previewed(text)),
    adoption: optional(termsShape),
});

const resolvedShape: Shape<WireGuardInputs> = fields<WireGuardInputs>({
    ...plain,
    address: text,
    address6: optional(text),
    mtu: number,
    routes: listOf(text),
    privateKeys: optional(mapOf(text)),
    seed: optional(text),
    peers: mapOf(peerShape),
    publicKeys: mapOf(text),
    presharedKeys: optional(mapOf(text)),
    leaf: optional(
        fields<LeafInputs>({ name: text, keyEpoch: number, admitted: number, endpoint: text, keepalive: number }),
    ),
});

export function readWireGuard(inputs: Properties): WireGuardPlan {
    return read(toldShape, readPlaced(inputs));
}

/** Inputs of which nothing is unknown any more, as an apply and a refresh have them. */
export function resolved(inputs: WireGuardPlan): WireGuardPlan & WireGuardInputs {
    return read(resolvedShape, inputs);
}
