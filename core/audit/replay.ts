/** What a log says there should be now: its records, one after the other, as the relays they leave behind. */
import { isObject } from "./entry.js";
import { PartJoiner } from "./parts.js";
import type { AuditEntry } from "./record.js";
import { RENAME_ACTION, renameIn } from "./renames.js";

/** A peer as the log's records leave it. */
interface ReplayedPeer {
    publicKey: string;
    address: string;
    address6?: string;
    /** Timestamp and sequence of the record that admitted this key. */
    since: string;
    record: number;
    /** The key before it, as long as that works beside it. */
    former?: FormerKey;
}

interface FormerKey {
    publicKey: string;
    since: string;
    record: number;
}

interface ReplayedService {
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
    event: "added" | "removed" | "expired" | "key rotated" | "former key removed" | "renamed" | "changed";
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
    private readonly parts = new PartJoiner<AuditEntry>("oldest");

    /** @returns what it means for single peers; of a record in parts, with the last of them */
    apply(record: AuditEntry, sequence: number): Omit<PeerEvent, "hash">[] {
        const entry = CONCERNED.has(record.action) ? this.parts.push(record) : undefined;
        if (entry === undefined) return [];
        const { relay } = entry.details;
        if (entry.status !== "success" || typeof relay !== "string" || endedWithoutEffect(entry)) return [];
        const context = { entry, sequence, relay };
        switch (entry.action) {
            case "peer_add":
            case "key_rotate":
            case "peer_update":
            case "peer_rename":
            case "peer_remove":
            case "peer_expire":
                return recordedPeers(entry).flatMap((peer) =>
                    this.applyPeer(context, entry.action as PeerAction, peer),
                );
            case "key_moved":
            case "key_overlap_ended":
                return this.endOverlap(context);
            case "interface_remove":
                return this.removeAllPeers(context);
            case RENAME_ACTION:
                this.rename(entry);
                return [];
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
        if (action === "peer_remove" || action === "peer_expire") {
            // Whose time was over before being connected was never there.
            if (was === undefined && action === "peer_expire") return [];
            delete peers[name];
            return [event(context, WORD[action], { ...was, ...known(peer) }, name), ...endOf(context, name, was)];
        }
        const { timestamp: since } = context.entry;
        const fresh = peer.publicKey !== undefined && (action === "peer_add" || action === "key_rotate");
        const now: ReplayedPeer = {
            since,
            record: context.sequence,
            address: "",
            publicKey: "",
            ...was,
            ...known(peer),
        };
        if (fresh) {
            Object.assign(now, { since, record: context.sequence });
            delete now.former;
            const former = formerKey(peer, was);
            if (former !== undefined) now.former = former;
        }
        if (formerly !== undefined) delete peers[formerly];
        define(peers, name, now);
        return [event(context, WORD[action], now, name, formerly)];
    }

    /** The relay's own record: the new key was used, or the time of the former one is over. */
    private endOverlap(context: Context): Omit<PeerEvent, "hash">[] {
        const { name, old_public_key: old } = context.entry.details;
        const peer = typeof name === "string" ? own(this.relay(context.relay).peers, name) : undefined;
        if (peer?.former === undefined || peer.former.publicKey !== old) return [];
        const events = endOf(context, String(name), peer);
        delete peer.former;
        return events;
    }

    private removeAllPeers(context: Context): Omit<PeerEvent, "hash">[] {
        const relay = this.relay(context.relay);
        const events = Object.entries(relay.peers).flatMap(([name, peer]) => [
            event(context, "removed", peer, name),
            ...endOf(context, name, peer),
        ]);
        relay.peers = {};
        return events;
    }

    /** The active peer replaced the former one of that name. */
    private rename(entry: AuditEntry): void {
        const names = renameIn(entry);
        const former = names === undefined ? undefined : own(this.relays, names.from);
        if (names === undefined || former === undefined) return;
        delete this.relays[names.from];
        const { peers, services } = this.relay(names.to);
        define(this.relays, names.to, {
            peers: { ...former.peers, ...peers },
            services: { ...former.services, ...services },
        });
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

const CONCERNED: ReadonlySet<string> = new Set([
    ...["peer_add", "key_rotate", "peer_update", "peer_rename", "peer_remove", "peer_expire"],
    ...["key_moved", "key_overlap_ended", "interface_remove", "relay_destroy", RENAME_ACTION],
    ...["service_open", "service_close", "services_remove"],
]);

type PeerAction = "peer_add" | "key_rotate" | "peer_update" | "peer_rename" | "peer_remove" | "peer_expire";

const WORD: Record<PeerAction, PeerEvent["event"]> = {
    peer_add: "added",
    key_rotate: "key rotated",
    peer_update: "changed",
    peer_rename: "renamed",
    peer_remove: "removed",
    peer_expire: "expired",
};

/**
 * Whether a replacement had taken over already what this record says was removed. Version 0.1.0 recorded that as an ordinary removal
 * (`interface_remove`, `relay_destroy`, …) whose message alone tells; today it is a record of its own, `resource_replaced`.
 */
function endedWithoutEffect({ message }: AuditEntry): boolean {
    return message.endsWith(": nothing to do, it was replaced");
}

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
    /** Of a rotation: the key that works beside the new one for a while. */
    overlap?: string;
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
                ...text("overlap", peer["overlap_public_key"]),
            },
        ];
    });
}

function formerKey({ overlap }: RecordedPeer, was: ReplayedPeer | undefined): FormerKey | undefined {
    if (overlap === undefined || was === undefined) return undefined;
    if (was.publicKey === overlap) return { publicKey: overlap, since: was.since, record: was.record };
    return was.former?.publicKey === overlap ? was.former : undefined;
}

function endOf(context: Context, name: string, peer: ReplayedPeer | undefined): Omit<PeerEvent, "hash">[] {
    if (peer?.former === undefined) return [];
    const { publicKey } = peer.former;
    return [event(context, "former key removed", { publicKey, address: peer.address }, name)];
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

/** In an untrusted log a peer may be called __proto__. */
function define<T>(object: Record<string, T>, key: string, value: T): void {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
