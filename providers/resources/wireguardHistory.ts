import { AuditLog } from "../audit/log.js";
import { BY_EXPIRY } from "./expiry.js";
import { placed } from "./placed.js";
import type { Properties } from "./resource.js";
import type { RegistryEntry } from "./wireguardRegistry.js";

/**
 * The registry as the log tells it: who was admitted and revoked, when, with which key. For a create without a state
 * to remember it (a first one, a replacement, a state that was lost).
 */
export async function recordedRegistry(inputs: Properties): Promise<Record<string, RegistryEntry>> {
    const { audit, relay } = placed(inputs);
    const log = await AuditLog.open(audit, {});
    const registry: Record<string, RegistryEntry> = {};
    for await (const { action, status, timestamp, user, details } of log.entries("oldest")) {
        if (status !== "success" || details.relay !== relay) continue;
        const peers = Array.isArray(details.peers) ? (details.peers as Recorded[]) : [details as unknown as Recorded];
        for (const peer of peers) {
            if (typeof peer.name === "string") follow(registry, action, { timestamp, user }, peer);
        }
    }
    return registry;
}

/** The details of a peer's record. */
interface Recorded {
    name: string;
    tunnel_ip: string;
    tunnel_ip6?: string;
    public_key?: string;
    fingerprint?: string;
    formerly?: string;
    expires?: string;
}

function follow(
    registry: Record<string, RegistryEntry>,
    action: string,
    { timestamp, user }: { timestamp: string; user: string },
    peer: Recorded,
): void {
    const { name, tunnel_ip: address, tunnel_ip6: address6, public_key: publicKey, fingerprint = "", formerly } = peer;
    const was = registry[name] ?? registry[formerly ?? ""];
    const common = { address, ...(address6 === undefined ? {} : { address6 }) };
    switch (action) {
        case "peer_add":
        case "key_rotate":
            if (publicKey !== undefined)
                registry[name] = { ...common, publicKey, fingerprint, status: "active", since: timestamp };
            break;
        case "peer_update":
            if (was !== undefined) registry[name] = { ...was, ...common };
            break;
        case "peer_rename":
            if (was !== undefined)
                registry[name] = { ...was, ...common, ...(formerly === undefined ? {} : { formerly }) };
            if (formerly !== undefined) delete registry[formerly];
            break;
        case "peer_remove":
            if (was?.status === "active")
                registry[name] = { ...was, status: "revoked", revokedAt: timestamp, by: user };
            break;
        case "peer_expire":
            if (was?.status === "active")
                registry[name] = { ...was, status: "revoked", revokedAt: peer.expires ?? timestamp, by: BY_EXPIRY };
            break;
    }
}
