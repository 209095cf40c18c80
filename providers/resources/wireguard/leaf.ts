import { known } from "../shape.js";
import type { LeafInputs, PeerInputs, WireGuardPlan } from "./inputs.js";
import { peerChanges, peersOf } from "./peerChanges.js";
import { listNames, valueText } from "../sentences.js";
import type { WireGuardOutputs } from "./outputs.js";
import type { WireGuardChange } from "./change.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { RegistryPeer } from "../../../core/registry/model.js";
import { admittedOf, keyEpochOf, routesOf } from "../../../core/registry/defaults.js";
import { changed, placeEffects } from "../inputSentences.js";
import type { Announcement } from "../relay/announcement.js";
import type { PropertySchema } from "../resource.js";
import { same } from "../changes.js";

export const LEAF_INPUT: Record<string, PropertySchema> = {
    leaf: {
        type: { named: "ManagedPeerTunnel" },
        description:
            "For a managed peer: its name on its relay, the relay's endpoint, and the keepalive. `peers` has only the relay.",
        optional: true,
    },
};

export function isLeaf(inputs: WireGuardPlan): boolean {
    return inputs.role === "leaf";
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
export function leafSentences({ inputs }: WireGuardChange): string[] {
    const { relay, interface: device } = inputs;
    return [`${relay}: ${device} connects to ${relayAt(inputs)}, to ${listNames(networksOf(inputs))}`];
}

/** What a change means for a managed peer's tunnel to its relay. */
export function leafEffects(change: WireGuardChange): string[] {
    const { before, inputs } = change;
    if (before === undefined || !isLeaf(inputs)) return [];
    const [then, now] = [before.inputs.leaf, inputs.leaf];
    const [rekeyed] = peerChanges(change).filter(({ kind }) => kind === "rekey");
    const differs = (of: (inputs: WireGuardPlan) => unknown): boolean => !same(of(before.inputs), of(inputs));
    const own = (input: string, what: string, means: string): string[] =>
        changed(before.inputs[input], inputs[input], what, means, "its");
    const newKey = differs(({ privateKeys }) => privateKeys) || !same(then?.keyEpoch, now?.keyEpoch);
    const sentences = [
        ...placeEffects(change, "the tunnel is"),
        ...(rekeyed !== undefined || !same(then?.endpoint, now?.endpoint)
            ? [`follows ${relayAt(inputs)}; interrupted for one handshake`]
            : []),
        ...(newKey ? ["gets its new key; interrupted for one handshake"] : []),
        ...(!newKey &&
        (differs(({ seed }) => seed) ||
            differs(({ presharedKeys }) => presharedKeys) ||
            !same([then?.name, then?.admitted], [now?.name, now?.admitted]))
            ? ["gets a new preshared key; interrupted for one handshake"]
            : []),
        ...own("address", "address", "its connections end"),
        ...own("address6", "IPv6 address", "its IPv6 connections end"),
        ...own("prefix", "prefix length", "connections continue"),
        ...own("prefix6", "IPv6 prefix length", "connections continue"),
        ...own("listenPort", "UDP port", "connections continue"),
        ...own("mtu", "MTU", "connections continue"),
        ...changed(then?.keepalive, now?.keepalive, "keepalive", "connections continue", "its"),
        ...changed(
            relayAddresses(before.inputs),
            relayAddresses(inputs),
            "tunnel address",
            "connections to the former one end",
        ),
        ...(differs(networksOf)
            ? [`routes ${listNames(networksOf(inputs))} to the relay; other connections continue`]
            : []),
    ];
    return sentences.map((sentence) => `${inputs.relay}: ${sentence}`);
}

function relayAt(inputs: WireGuardPlan): string {
    const { endpoint } = inputs.leaf ?? {};
    return typeof endpoint === "string" ? `the relay at ${endpoint}` : "the relay";
}

/** Of the relay, as the peer knows it. */
function relayAddresses(inputs: PeerInputs): string | undefined {
    if (known(inputs.peers) === undefined) return undefined;
    const [relay] = Object.values(peersOf(inputs));
    return [relay?.address, relay?.address6].filter((each) => each !== undefined).join(" and ");
}

export function leafBegin({ inputs }: WireGuardChange): Announcement {
    return {
        action: "interface_apply",
        message: `Apply the interface of ${describeRelay(inputs.relay)}`,
        details: details(inputs),
    };
}

export function leafOutcomes({ inputs }: WireGuardChange, outputs: WireGuardOutputs): Announcement[] {
    const { relay, interface: device } = inputs;
    const { endpoint } = inputs.leaf ?? {};
    return [
        {
            action: "interface_apply",
            message: `Interface ${device} of ${describeRelay(relay)} leads to ${valueText(endpoint)}`,
            details: { ...details(inputs), public_key: outputs.publicKey },
        },
    ];
}

function details(inputs: WireGuardPlan): Record<string, unknown> {
    const { relay, interface: device } = inputs;
    const { endpoint } = inputs.leaf ?? {};
    return { relay, interface: device, tunnel_ip: inputs.address, endpoint, networks: networksOf(inputs) };
}

function networksOf(inputs: PeerInputs): string[] {
    return Object.values(peersOf(inputs)).flatMap(routesOf);
}
