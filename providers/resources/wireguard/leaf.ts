import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { admittedOf, keyEpochOf, routesOf } from "../../../core/registry/defaults.js";
import { changed, placeEffects } from "../inputSentences.js";
import { peerChanges } from "./peerChanges.js";
import { placed } from "../relay/placed.js";
import type { Announcement } from "../relay/announcement.js";
import type { Change } from "../relay/change.js";
import { type Properties, type PropertySchema, UNKNOWN } from "../resource.js";
import { same } from "../changes.js";
import { listNames } from "../sentences.js";
import { type LeafInputs } from "./inputs.js";

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

/** What a managed peer's machine does for its tunnel to the relay. */
export function leafSentences({ inputs }: Change): string[] {
    const { relay, interface: device } = placed(inputs);
    return [`${relay}: ${device} connects to ${relayAt(inputs)}, to ${listNames(networksOf(inputs))}`];
}

/** What a change means for a managed peer's tunnel to its relay. */
export function leafEffects(change: Change): string[] {
    const { before, inputs } = change;
    if (before === undefined || !isLeaf(inputs)) return [];
    const [then, now] = [before.inputs.leaf as LeafInputs, inputs.leaf as LeafInputs];
    const [rekeyed] = peerChanges(change).filter(({ kind }) => kind === "rekey");
    const differs = (of: (inputs: Properties) => unknown): boolean => !same(of(before.inputs), of(inputs));
    const own = (input: string, what: string, means: string): string[] =>
        changed(before.inputs[input], inputs[input], what, means, "its");
    const newKey = differs(({ privateKeys }) => privateKeys) || !same(then.keyEpoch, now.keyEpoch);
    const sentences = [
        ...placeEffects(change, "the tunnel is"),
        ...(rekeyed !== undefined || !same(then.endpoint, now.endpoint)
            ? [`follows ${relayAt(inputs)}; interrupted for one handshake`]
            : []),
        ...(newKey ? ["gets its new key; interrupted for one handshake"] : []),
        ...(!newKey &&
        (differs(({ seed }) => seed) ||
            differs(({ presharedKeys }) => presharedKeys) ||
            !same([then.name, then.admitted], [now.name, now.admitted]))
            ? ["gets a new preshared key; interrupted for one handshake"]
            : []),
        ...own("address", "address", "its connections end"),
        ...own("address6", "IPv6 address", "its IPv6 connections end"),
        ...own("prefix", "prefix length", "connections go on"),
        ...own("prefix6", "IPv6 prefix length", "connections go on"),
        ...own("listenPort", "UDP port", "connections go on"),
        ...own("mtu", "MTU", "connections go on"),
        ...changed(then.keepalive, now.keepalive, "keepalive", "connections go on", "its"),
        ...changed(
            relayAddresses(before.inputs),
            relayAddresses(inputs),
            "tunnel address",
            "connections to the former one end",
        ),
        ...(differs(networksOf)
            ? [`leads ${listNames(networksOf(inputs))} to the relay; other connections go on`]
            : []),
    ];
    return sentences.map((sentence) => `${placed(inputs).relay}: ${sentence}`);
}

function relayAt(inputs: Properties): string {
    const { endpoint } = inputs.leaf as LeafInputs;
    return (endpoint as unknown) === UNKNOWN ? "the relay" : `the relay at ${endpoint}`;
}

/** Of the relay, as the peer knows it. */
function relayAddresses({ peers }: Properties): string | undefined {
    if (peers === undefined || peers === UNKNOWN) return undefined;
    const [relay] = Object.values(peers as Record<string, RegistryPeer>);
    return [relay?.address, relay?.address6].filter((each) => each !== undefined).join(" and ");
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
