import type { RegisteredPeer } from "../../../core/registry/model.js";
import { type PlacedOutputs, readOutputs } from "../relay/placed.js";
import type { Properties } from "../resource.js";
import { fields, mapOf, number, oneOf, optional, read, type Shape, text } from "../shape.js";

/** One key epoch of the relay. */
export interface EpochOutput {
    interface: string;
    port: number;
    publicKey: string;
}

/** What WireGuard tells; all of it is absent in the state of a relay that was not applied yet. */
export interface WireGuardOwnOutputs {
    /** Of the newest key epoch. */
    publicKey?: string;
    epochs?: Record<string, EpochOutput>;
    /** While the relay's key is rotated: the epoch that each peer used last. */
    onEpoch?: Record<string, number>;
    /** Every peer there ever was. */
    registry?: Record<string, RegisteredPeer>;
}

export type WireGuardOutputs = PlacedOutputs & WireGuardOwnOutputs;

export const registryShape: Shape<Record<string, RegisteredPeer>> = mapOf(
    fields<RegisteredPeer>({
        address: text,
        address6: optional(text),
        publicKey: text,
        fingerprint: text,
        status: oneOf("active", "revoked"),
        since: text,
        revokedAt: optional(text),
        by: optional(text),
        admitted: optional(number),
        formerly: optional(text),
        replaces: optional(text),
    }),
);

const shape: Shape<WireGuardOwnOutputs> = fields<WireGuardOwnOutputs>({
    publicKey: optional(text),
    epochs: optional(mapOf(fields<EpochOutput>({ interface: text, port: number, publicKey: text }))),
    onEpoch: optional(mapOf(number)),
    registry: optional(registryShape),
});

export function readWireGuardOutputs(outputs: Properties): WireGuardOutputs {
    return read(shape, readOutputs(outputs));
}
