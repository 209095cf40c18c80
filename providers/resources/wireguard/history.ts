import { conforms, fields, optional, type Shape, text } from "../shape.js";
import type { Placed } from "../relay/placed.js";
import { PartJoiner } from "../../../core/audit/parts.js";
import type { AuditLine } from "../../../core/audit/record.js";
import { moveWithName, renameIn } from "../../../core/audit/renames.js";
import { AuditLog } from "../../audit/log.js";
import { BY_EXPIRY } from "./expiry.js";
import type { RegistryEntry } from "./registry.js";

/**
 * The registry as the log tells it: who was admitted and revoked, when, with which key. For a create without a state
 * to remember it (a first one, a replacement, a state that was lost).
 */
export async function recordedRegistry(
    inputs: Pick<Placed, "audit" | "relay">,
): Promise<Record<string, RegistryEntry>> {
    const registries = new Map<string, Record<string, RegistryEntry>>();
    const rename = (names: { from: string; to: string }): void =>
        moveWithName(registries, names, (former, present) => ({ ...former, ...present }));
    for await (const { relay, action, timestamp, user, peers } of peerRecords(inputs, rename)) {
        const registry = registries.get(relay) ?? {};
        registries.set(relay, registry);
        for (const peer of peers) follow(registry, action, { timestamp, user }, peer);
    }
    return registries.get(inputs.relay) ?? {};
}

/**
 * What the log says of peers, of all relays and from the oldest record on.
 *
 * @param rename is called where a relay got another name
 */
async function* peerRecords(
    inputs: Pick<Placed, "audit" | "relay">,
    rename: (names: { from: string; to: string }) => void,
): AsyncGenerator<{ relay: string; action: string; timestamp: string; user: string; peers: Recorded[] }> {
    const log = await AuditLog.open(inputs.audit, {});
    const parts = new PartJoiner<AuditLine>("oldest");
    for await (const line of log.entries("oldest")) {
        const names = renameIn(line);
        if (names !== undefined) rename(names);
        const whole = PEER_ACTION.test(line.action) ? parts.push(line) : undefined;
        if (whole?.status !== "success" || typeof whole.details.relay !== "string") continue;
        const { action, timestamp, user, details } = whole;
        const peers: unknown[] = Array.isArray(details.peers) ? details.peers : [details];
        yield { relay: whole.details.relay, action, timestamp, user, peers: peers.filter(isRecorded) };
    }
}

const PEER_ACTION = /^(?:peer_(?:add|remove|rename|update|expire)|key_rotate)$/;

/** Every key that a peer of this relay ever had, as the log tells it. */
export async function recordedKeys(inputs: Pick<Placed, "audit" | "relay">): Promise<Set<string>> {
    const known = new Map<string, Set<string>>();
    const rename = (names: { from: string; to: string }): void =>
        moveWithName(known, names, (former, present) => new Set([...former, ...present]));
    for await (const { relay, peers } of peerRecords(inputs, rename)) {
        const keys = known.get(relay) ?? new Set();
        known.set(relay, keys);
        for (const { public_key: key } of peers) if (key !== undefined) keys.add(key);
    }
    return known.get(inputs.relay) ?? new Set();
}

/** The details of a peer's record. */
interface Recorded {
    name: string;
    tunnel_ip?: string;
    tunnel_ip6?: string;
    public_key?: string;
    fingerprint?: string;
    formerly?: string;
    expires?: string;
}

const recordedShape: Shape<Recorded> = fields<Recorded>({
    name: text,
    tunnel_ip: optional(text),
    tunnel_ip6: optional(text),
    public_key: optional(text),
    fingerprint: optional(text),
    formerly: optional(text),
    expires: optional(text),
});

function isRecorded(peer: unknown): peer is Recorded {
    return conforms(recordedShape, peer);
}

function follow(
    registry: Record<string, RegistryEntry>,
    action: string,
    { timestamp, user }: { timestamp: string; user: string },
    peer: Recorded,
): void {
    const {
        name,
        tunnel_ip: address = "",
        tunnel_ip6: address6,
        public_key: publicKey,
        fingerprint = "",
        formerly,
    } = peer;
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
