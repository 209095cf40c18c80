import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { decodeKey } from "./keys/text.js";

/**
 * A relay's own id: as random as its seed, minted with it and in the state as long as it is, whatever project, stack and relay
 * are called. HKDF-SHA256 (RFC 5869), so it reveals nothing about the seed and is not a secret.
 *
 * @param seed 32 bytes in base64
 */
export function relayIdOf(seed: string): string {
    const ikm = decodeKey(seed, "seed", "a seed", "give 32 random bytes in base64");
    return bytesToHex(hkdf(sha256, ikm, utf8("pulumi-qp-tunnel relay id v1"), undefined, ID_BYTES));
}

/** What is written down on a machine of the relay that is there. */
export interface OwnerThere {
    /** project/stack/relay, as it was called when it was written; undefined where no relay is. */
    label?: string | undefined;
    /** Relays of 0.1.0 have none. */
    relayId?: string | undefined;
    /** The ids of the resources that made it. */
    marks: readonly string[];
}

/** Who is about to change or read it. */
export interface Claimant {
    /** project/stack/relay, as it is called now and as the state has it. */
    labels: readonly string[];
    /** Now, and as the state has it. */
    relayIds: readonly string[];
    /** The id of the resource that acts. */
    resource?: string | undefined;
}

/**
 * Whether the relay that is on a machine is the claimant's: by its id, else by the id of a resource that made it. Names decide
 * only where neither does: for a relay without an id, and for a state that was lost, where the log has the last word. `check_owner`
 * in `lib.sh` decides in the same way.
 */
export function isOwn({ label, relayId, marks }: OwnerThere, { labels, relayIds, resource }: Claimant): boolean {
    if (label === undefined || (relayId !== undefined && relayIds.includes(relayId))) return true;
    return (resource !== undefined && marks.includes(resource)) || labels.includes(label);
}

/** Whether two relays merely have the same names: with the log of the existing relay the state was lost; otherwise it is a different relay. */
export function isNamesake(there: OwnerThere, claimant: Claimant): boolean {
    const { relayId } = there;
    return isOwn(there, claimant) && relayId !== undefined && !isOwn(there, { ...claimant, labels: [] });
}

const ID_BYTES = 16;

function utf8(text: string): Uint8Array {
    return new TextEncoder().encode(text);
}
