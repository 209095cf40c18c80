import { KeyOwners } from "../../../core/keys/owners.js";
import { keyOf, peersOf } from "./peerChanges.js";
import type { WireGuardPlan } from "./inputs.js";
import type { WireGuardOutputs } from "./outputs.js";
import { notRegistered } from "../../../core/registry/missing.js";
import { faultOf, InvalidArgument } from "../../../core/errors.js";
import type { Fault } from "../../../core/fault.js";
import { fingerprint, parsePrivateKey, parsePublicKey, publicKeyOf } from "../../../core/keys/index.js";
import { isMap } from "../changes.js";
import { known } from "../shape.js";
import { fits, unfit } from "./known.js";
import { BY_EXPIRY } from "./expiry.js";

export function* checkKeys(inputs: WireGuardPlan): Generator<Fault> {
    const owners = new KeyOwners();
    for (const key of Object.values(inputs.privateKeys ?? {}))
        if (typeof key === "string" && fits(key, parsePrivateKey))
            owners.claim(publicKeyOf(key), "the relay", "privateKeys");
    for (const name of Object.keys(inputs.peers ?? {})) {
        const key = keyOf(inputs, name);
        if (key === undefined) continue;
        const path = `peers.${name}.publicKey`;
        yield* unfit(key, path, parsePublicKey);
        const taken = owners.claim(key, `"${name}"`, path);
        if (taken !== undefined) yield taken;
    }
}

/** An update of the interface alone knows the registry as it was. */
export function* unregistered({ listed, peers }: WireGuardPlan): Generator<Fault> {
    for (const name of known(listed) ?? []) {
        if (!isMap(peers) || Object.hasOwn(peers, name)) continue;
        yield faultOf(notRegistered(`peers.${name}`, "it"));
    }
}

/** A revoked key stays revoked under every name. Registry handles `reinstate`; this is the relay's own record. */
export function refuseRevoked(outputs: WireGuardOutputs, inputs: WireGuardPlan): void {
    const registry = outputs.registry ?? {};
    const peers = peersOf(inputs);
    const active = new Set(
        Object.values(registry)
            .filter((entry) => entry.status === "active")
            .map((entry) => entry.publicKey),
    );
    const owners = new Map(Object.keys(peers).map((name) => [keyOf(inputs, name), name]));
    for (const [was, entry] of Object.entries(registry)) {
        if (entry.status !== "revoked" || active.has(entry.publicKey)) continue;
        const name = owners.get(entry.publicKey);
        // The peer expired during a change: the registry has it already, the ledger will have it after the next one.
        const { expires } = peers[name ?? ""] ?? {};
        if (entry.by === BY_EXPIRY && expires !== undefined && expires === entry.revokedAt) continue;
        if (name === undefined || (name === was && (peers[name]?.admitted ?? 1) > (entry.admitted ?? 1))) continue;
        throw new InvalidArgument(
            `peers.${name}.publicKey`,
            `${fingerprint(entry.publicKey)} was revoked${entry.revokedAt === undefined ? "" : ` on ${entry.revokedAt}`} as ${was}`,
            "use a new key, or set `reinstate: true` on the peer of that name",
        );
    }
}
