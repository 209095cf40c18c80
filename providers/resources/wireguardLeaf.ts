import { describeRelay } from "../../core/leaf.js";
import type { RegistryPeer } from "../../core/model.js";
import { admittedOf, keyEpochOf, routesOf } from "../../core/registry/defaults.js";
import { peerChanges } from "./peerChanges.js";
import { placed, type Announcement } from "./placed.js";
import type { Change } from "./relayResource.js";
import type { Properties, PropertySchema } from "./resource.js";
import { UNKNOWN } from "./resource.js";
import { same } from "./changes.js";
import { listNames } from "./words.js";

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

export const LEAF_INPUT: Record<string, PropertySchema> = {
    leaf: {
        type: "object",
        description:
            "Of a managed peer: who it is on its relay, where that is, and the keepalive. `peers` has the relay alone.",
        optional: true,
    },
};

export function isLeaf(inputs: Properties): boolean {
    return placed(inputs).role === "leaf";
}

/** What the relay derives the preshared key from, too. */
export function identityOf(
    leaf: LeafInputs | undefined,
    name: string,
    peer: RegistryPeer,
): { name: string; keyEpoch: number; admitted: number } {
    if (leaf === undefined) return { name, keyEpoch: keyEpochOf(peer), admitted: admittedOf(peer) };
    return { name: leaf.name, keyEpoch: leaf.keyEpoch, admitted: leaf.admitted };
}

/** What becomes of a managed peer's way to its relay. */
export function leafSentences(change: Change): string[] {
    const { before, inputs } = change;
    const { relay, interface: device } = placed(inputs);
    const { endpoint, keyEpoch } = inputs.leaf as LeafInputs;
    const at = (endpoint as unknown) === UNKNOWN ? "the relay" : `the relay at ${endpoint}`;
    const sentences: string[] = [];
    if (before === undefined) sentences.push(`${device} connects to ${at}, to ${listNames(networksOf(inputs))}`);
    else {
        const then = before.inputs.leaf as LeafInputs | undefined;
        const [moved] = peerChanges(change).filter(({ kind }) => kind === "rekey");
        if (moved !== undefined || !same(then?.endpoint, endpoint))
            sentences.push(`follows ${at}; interrupted for one handshake`);
        if (!same(before.inputs.privateKeys, inputs.privateKeys) || !same(then?.keyEpoch, keyEpoch))
            sentences.push("gets its new key; interrupted for one handshake");
        if (!same(networksOf(before.inputs), networksOf(inputs)))
            sentences.push(`leads ${listNames(networksOf(inputs))} to the relay; other connections go on`);
        if (sentences.length === 0) sentences.push(`${device} is filled again; connections go on`);
    }
    return sentences.map((sentence) => `${relay}: ${sentence}`);
}

export function leafBegin({ inputs }: Change): Announcement {
    return {
        action: "interface_apply",
        message: `Apply the interface of ${describeRelay(placed(inputs).relay)}`,
        details: details(inputs),
    };
}

export function leafOutcomes({ inputs }: Change, outputs: Properties): Announcement[] {
    const { relay, interface: device } = placed(inputs);
    const { endpoint } = inputs.leaf as LeafInputs;
    return [
        {
            action: "interface_apply",
            message: `Interface ${device} of ${describeRelay(relay)} leads to ${endpoint}`,
            details: { ...details(inputs), public_key: outputs.publicKey },
        },
    ];
}

function details(inputs: Properties): Record<string, unknown> {
    const { relay, interface: device } = placed(inputs);
    const { endpoint } = inputs.leaf as LeafInputs;
    return { relay, interface: device, tunnel_ip: inputs.address, endpoint, networks: networksOf(inputs) };
}

function networksOf({ peers }: Properties): string[] {
    if (peers === undefined || peers === UNKNOWN) return [];
    return Object.values(peers as Record<string, RegistryPeer>).flatMap(routesOf);
}
