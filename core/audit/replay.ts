/** What a log says there should be now: its records, one after the other, as the relays they leave behind. */
import { isObject } from "./entry.js";
import type { AuditEntry } from "./record.js";

/** A peer as the log's records leave it. */
export interface ReplayedPeer {
    publicKey: string;
    address: string;
    address6?: string;
    /** Timestamp and sequence of the record that admitted this key. */
    since: string;
    record: number;
}

export interface ReplayedService {
    port: number;
    upstream?: string;
    since: string;
    record: number;
}

export interface ReplayedRelay {
    peers: Record<string, ReplayedPeer>;
    services: Record<string, ReplayedService>;
}

/** One peer coming or going, for the list of a period. */
export interface PeerEvent {
    timestamp: string;
    sequence: number;
    relay: string;
    event: "added" | "removed" | "key rotated" | "renamed" | "changed";
    name: string;
    formerly?: string;
    publicKey?: string;
    address?: string;
    user: string;
    correlationId: string;
    hash: string;
}

/** Relays, peers and services as successful records make, change and remove them. Records of nothing else are passed over. */
export class Replay {
    readonly relays: Record<string, ReplayedRelay> = {};

    /** @returns what it means for single peers */
    apply(entry: AuditEntry, sequence: number): Omit<PeerEvent, "hash">[] {
        const { relay } = entry.details;
        if (entry.status !== "success" || typeof relay !== "string" || NOTHING_DONE.test(entry.message)) return [];
        const context = { entry, sequence, relay };
        switch (entry.action) {
            case "peer_add":
            case "key_rotate":
            case "peer_update":
            case "peer_rename":
            case "peer_remove":
                return recordedPeers(entry).flatMap((peer) =>
                    this.applyPeer(context, entry.action as PeerAction, peer),
                );
            case "interface_remove":
                return this.removeAllPeers(context);
            case "service_open":
                this.openService(context);
                return [];
            case "service_close":
                delete this.relay(relay).services[String(entry.details["name"])];
                return [];
            case "services_remove":
                this.relay(relay).services = {};
                return [];
            case "relay_destroy": {
                const events = this.removeAllPeers(context);
                delete this.relays[relay];
                return events;
            }
            default:
                return [];
        }
    }

    private applyPeer(context: Context, action: PeerAction, peer: RecordedPeer): Omit<PeerEvent, "hash">[] {
        const { peers } = this.relay(context.relay);
        const { name, formerly } = peer;
        const was = own(peers, name) ?? (formerly === undefined ? undefined : own(peers, formerly));
        if (action === "peer_remove") {
            delete peers[name];
            return [event(context, "removed", { ...was, ...peer }, name)];
        }
        const { timestamp: since } = context.entry;
        const fresh = peer.publicKey !== undefined && (action === "peer_add" || action === "key_rotate");
        const now = { since, record: context.sequence, address: "", publicKey: "", ...was, ...known(peer) };
        if (fresh) Object.assign(now, { since, record: context.sequence });
        if (formerly !== undefined) delete peers[formerly];
        define(peers, name, now);
        return [event(context, WORD[action], now, name, formerly)];
    }

    private removeAllPeers(context: Context): Omit<PeerEvent, "hash">[] {
        const relay = this.relay(context.relay);
        const events = Object.entries(relay.peers).map(([name, peer]) => event(context, "removed", peer, name));
        relay.peers = {};
        return events;
    }

    private openService({ entry, relay, sequence }: Context): void {
        const { name, port, upstream } = entry.details;
        if (typeof name !== "string") return;
        define(this.relay(relay).services, name, {
            port: typeof port === "number" ? port : 0,
            ...(typeof upstream === "string" ? { upstream } : {}),
            since: entry.timestamp,
            record: sequence,
        });
    }

    private relay(name: string): ReplayedRelay {
        if (own(this.relays, name) === undefined) define(this.relays, name, { peers: {}, services: {} });
        return this.relays[name] as ReplayedRelay;
    }
}

type PeerAction = "peer_add" | "key_rotate" | "peer_update" | "peer_rename" | "peer_remove";

const WORD: Record<PeerAction, PeerEvent["event"]> = {
    peer_add: "added",
    key_rotate: "key rotated",
    peer_update: "changed",
    peer_rename: "renamed",
    peer_remove: "removed",
};

/** The removal of something that a replacement had taken over already. */
const NOTHING_DONE = /: nothing to do, it was replaced$/;

interface Context {
    entry: AuditEntry;
    sequence: number;
    relay: string;
}

interface RecordedPeer {
    name: string;
    publicKey?: string;
    address?: string;
    address6?: string;
    formerly?: string;
}

/** A record holds one peer, or a batch of them. */
function recordedPeers({ details }: AuditEntry): RecordedPeer[] {
    const all: unknown[] = Array.isArray(details["peers"]) ? details["peers"] : [details];
    return all.flatMap((peer): RecordedPeer[] => {
        if (!isObject(peer) || typeof peer["name"] !== "string") return [];
        return [
            {
                name: peer["name"],
                ...text("publicKey", peer["public_key"]),
                ...text("address", peer["tunnel_ip"]),
                ...text("address6", peer["tunnel_ip6"]),
                ...text("formerly", peer["formerly"]),
            },
        ];
    });
}

function known({ publicKey, address, address6 }: RecordedPeer): Partial<ReplayedPeer> {
    return { ...text("publicKey", publicKey), ...text("address", address), ...text("address6", address6) };
}

function text<Key extends string>(key: Key, value: unknown): Partial<Record<Key, string>> {
    return (typeof value === "string" ? { [key]: value } : {}) as Partial<Record<Key, string>>;
}

function event(
    { entry, sequence, relay }: Context,
    word: PeerEvent["event"],
    { publicKey, address }: { publicKey?: string; address?: string },
    name: string,
    formerly?: string,
): Omit<PeerEvent, "hash"> {
    return {
        timestamp: entry.timestamp,
        sequence,
        relay,
        event: word,
        name,
        ...text("formerly", formerly),
        ...text("publicKey", publicKey),
        ...text("address", address),
        user: entry.user,
        correlationId: entry.correlation_id,
    };
}

function own<T>(object: Record<string, T>, key: string): T | undefined {
    return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A peer may be called __proto__ in a log that somebody else wrote. */
function define<T>(object: Record<string, T>, key: string, value: T): void {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
