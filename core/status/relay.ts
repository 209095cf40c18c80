import { journalSentence, parseJournalLine } from "../protocol/journal.js";
import { fingerprint } from "../keys/index.js";
import { rfc3339Of } from "../time.js";
import type { DumpPeer } from "../wireguard/index.js";
import type { KnownPeer, KnownRelay, KnownService } from "./known.js";
import type {
    CertificateStatus,
    InterfaceStatus,
    PeerState,
    PeerStatus,
    RelayAnswer,
    RelayStatus,
    ServedCertificate,
    ServiceStatus,
} from "./model.js";

/**
 * How old the newest handshake of a connected peer can be: after 180 s both sides refuse the session's keys
 * (Reject-After-Time; Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", section 6.1). A peer who sends anything,
 * keepalives too, makes another handshake after 120 s.
 */
export const CONNECTED_SECONDS = 180;

const DAY = 24 * 60 * 60;

/** What a relay is doing, by its own answer. Ages are by its own clock: no other has to agree with it. */
export function statusOf(known: KnownRelay, answer: RelayAnswer): RelayStatus {
    const sightings = seen(known, answer);
    const peers = [
        ...Object.entries(known.peers).map(([name, peer]) =>
            peerStatus(name, peer, sightingsOf(peer, sightings, answer), answer.time),
        ),
        ...unknownPeers(known, sightings, answer),
    ];
    return {
        relay: known.relay,
        host: known.host,
        reachable: true,
        time: rfc3339Of(answer.time),
        generation: answer.generation ?? null,
        interfaces: answer.interfaces.map((each) => interfaceStatus(known, each)),
        peers,
        services: Object.entries(known.services).map(([name, service]) => serviceStatus(name, service, answer)),
        drift: driftOf(known, answer, sightings),
        notes: notesOf(known, answer),
        journal: answer.journal.map(sentenceOf),
    };
}

/** What the state alone tells of a relay that could not be asked. */
export function unreachableStatus(known: KnownRelay, problem: string): RelayStatus {
    return {
        relay: known.relay,
        host: known.host,
        reachable: false,
        problem,
        time: null,
        generation: null,
        interfaces: [],
        peers: Object.entries(known.peers).map(([name, peer]) => ({
            ...identity(name, peer),
            ...NOT_SEEN,
            state: peer.listed ? "unknown" : "revoked",
        })),
        services: Object.entries(known.services).map(([name, { url, addressUrl, group, cipher }]) => ({
            name,
            url,
            addressUrl,
            running: null,
            certificate: null,
            group: group ?? null,
            cipher: cipher ?? null,
            probed: false,
        })),
        drift: [],
        notes: [],
        journal: [],
    };
}

/** One peer on one interface. */
interface Sighting {
    interface: string;
    epoch: number | null;
    peer: DumpPeer;
}

const NOT_SEEN: Observed = { handshake: null, age: null, endpoint: null, received: 0, sent: 0, epoch: null };

/** Who is on the wire, by public key. */
function seen(known: KnownRelay, { interfaces }: RelayAnswer): Map<string, Sighting[]> {
    const found = new Map<string, Sighting[]>();
    for (const each of interfaces) {
        const epoch = epochOf(known, each);
        for (const peer of each.dump?.peers ?? []) {
            const sighting = { interface: each.name, epoch, peer };
            found.set(peer.publicKey, [...(found.get(peer.publicKey) ?? []), sighting]);
        }
    }
    return found;
}

/** Keys of a listed peer on the wire: its own, and while that is replaced the former one that relay and state both know. */
function keysOf({ listed, publicKey, former }: KnownPeer, { moving }: RelayAnswer): string[] {
    const pair = moving.find((each) => each.publicKey === publicKey && each.former === former);
    return listed && pair !== undefined ? [publicKey, pair.former] : [publicKey];
}

function sightingsOf(peer: KnownPeer, sightings: Map<string, Sighting[]>, answer: RelayAnswer): Sighting[] {
    return keysOf(peer, answer).flatMap((key) => sightings.get(key) ?? []);
}

function epochOf({ epochs }: KnownRelay, { epoch, dump }: RelayAnswer["interfaces"][number]): number | null {
    return epochs[dump?.publicKey ?? ""] ?? epoch ?? null;
}

function interfaceStatus(known: KnownRelay, each: RelayAnswer["interfaces"][number]): InterfaceStatus {
    const { name, dump } = each;
    return {
        name,
        epoch: epochOf(known, each),
        up: dump !== undefined,
        publicKey: dump?.publicKey ?? "",
        listenPort: dump?.listenPort ?? 0,
        peers: dump?.peers.length ?? 0,
    };
}

function peerStatus(name: string, known: KnownPeer, sightings: Sighting[], time: number): PeerStatus {
    const observed = observe(sightings, time);
    return { ...identity(name, known), ...observed, state: stateOf(known, sightings, observed.age, time) };
}

function stateOf({ listed, expires }: KnownPeer, sightings: Sighting[], age: number | null, time: number): PeerState {
    if (sightings.length === 0) {
        if (!listed) return "revoked";
        return hasEnded(expires, time) ? "expired" : "missing";
    }
    return listed ? presence(age) : "rogue";
}

function presence(age: number | null): "connected" | "idle" | "never" {
    if (age === null) return "never";
    return age <= CONNECTED_SECONDS ? "connected" : "idle";
}

function hasEnded(expires: string | undefined, time: number): boolean {
    return expires !== undefined && Date.parse(expires) <= time * 1000;
}

/** On the wire, and in no list there ever was. */
function unknownPeers(known: KnownRelay, sightings: Map<string, Sighting[]>, answer: RelayAnswer): PeerStatus[] {
    const keys = new Set(Object.values(known.peers).flatMap((peer) => keysOf(peer, answer)));
    return [...sightings]
        .filter(([publicKey]) => !keys.has(publicKey))
        .map(([publicKey, places]) => ({
            state: "rogue" as const,
            publicKey,
            fingerprint: fingerprint(publicKey),
            addresses: [...new Set(places.flatMap(({ peer }) => peer.allowedIps.map(plain)))].sort(),
            ...observe(places, answer.time),
        }))
        .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

function plain(cidr: string): string {
    return cidr.replace(cidr.includes(":") ? /\/128$/ : /\/32$/, "");
}

/** What was seen of a peer. */
type Observed = Pick<PeerStatus, "handshake" | "age" | "endpoint" | "received" | "sent" | "epoch">;

/** Of several interfaces the one that counts is the one with the newest handshake. */
function observe(sightings: Sighting[], time: number): Observed {
    const sorted = [...sightings].sort((a, b) => b.peer.latestHandshake - a.peer.latestHandshake);
    const [newest] = sorted;
    if (newest === undefined) return NOT_SEEN;
    const { latestHandshake } = newest.peer;
    const ever = latestHandshake > 0;
    const sum = (key: "received" | "sent"): number => sightings.reduce((total, { peer }) => total + peer[key], 0);
    return {
        handshake: ever ? rfc3339Of(latestHandshake) : null,
        // A clock that was set back must not make an age negative.
        age: ever ? Math.max(0, time - latestHandshake) : null,
        endpoint: sorted.map(({ peer }) => peer.endpoint).find((endpoint) => endpoint !== "") ?? null,
        received: sum("received"),
        sent: sum("sent"),
        epoch: ever ? newest.epoch : null,
    };
}

function identity(
    name: string,
    { publicKey, addresses, since, revokedAt, expires }: KnownPeer,
): Omit<PeerStatus, "state" | keyof Observed> {
    return {
        name,
        publicKey,
        fingerprint: publicKey === "" ? "" : fingerprint(publicKey),
        addresses,
        ...(since === undefined ? {} : { since }),
        ...(revokedAt === undefined ? {} : { revokedAt }),
        ...(expires === undefined ? {} : { expires }),
    };
}

function serviceStatus(name: string, known: KnownService, answer: RelayAnswer): ServiceStatus {
    const { domain, url, addressUrl, listeners, group, cipher } = known;
    return {
        name,
        url,
        addressUrl,
        running: answer.proxy === true && listeners.every((listener) => answer.listeners.includes(listener)),
        certificate: certificateOf(domain, answer),
        group: group ?? null,
        cipher: cipher ?? null,
        probed: false,
    };
}

/**
 * Of each kind the one that ends last: a renewed certificate lies beside the old one until the proxy has loaded it. Of several
 * kinds the one that ends first: some clients know that kind alone.
 */
function certificateOf(domain: string, { certificates, time }: RelayAnswer): CertificateStatus | null {
    const latest = new Map<string, ServedCertificate>();
    const byEnd = (a: ServedCertificate, b: ServedCertificate): number =>
        Date.parse(a.notAfter) - Date.parse(b.notAfter);
    for (const each of certificates.filter(({ names }) => names.includes(domain)).sort(byEnd))
        latest.set(each.kind ?? "", each);
    const [first] = [...latest.values()].sort(byEnd);
    if (first === undefined) return null;
    const { notAfter, fingerprint: print } = first;
    return { notAfter, daysLeft: Math.floor((Date.parse(notAfter) / 1000 - time) / DAY), fingerprint: print };
}

function driftOf(known: KnownRelay, answer: RelayAnswer, sightings: Map<string, Sighting[]>): string[] {
    const up = answer.interfaces.filter(({ dump }) => dump !== undefined);
    const mute = answer.interfaces.filter(({ dump }) => dump === undefined);
    const drift = mute.map(({ name }) => `the interface ${name} is gone or does not answer`);
    const unknownKeys = up.filter((each) => epochOf(known, each) === null);
    drift.push(...unknownKeys.map(({ name }) => `the interface ${name} has a key that is not in the state`));
    if (!answer.table) drift.push("the firewall's table is missing: the tunnel is not protected");
    for (const [name, { listed, publicKey, expires }] of Object.entries(known.peers)) {
        const places = sightings.get(publicKey) ?? [];
        if (!listed || up.length === 0) continue;
        if (hasEnded(expires, answer.time)) {
            if (places.length > 0) drift.push(`${name} has expired and is still on the wire`);
            continue;
        }
        const without = up.filter((each) => places.every((place) => place.interface !== each.name));
        if (without.length === 0) continue;
        drift.push(`${name} is not on ${without.map((each) => each.name).join(" and ")}`);
    }
    const services = Object.entries(known.services);
    if (services.length > 0 && answer.proxy !== true) drift.push("the proxy does not run");
    else {
        const closed = services.filter(([, { listeners }]) => !listeners.every((at) => answer.listeners.includes(at)));
        drift.push(...closed.map(([name]) => `the proxy does not listen for ${name}`));
    }
    return drift;
}

function notesOf({ peers }: KnownRelay, { pending, rolledBack, moving, time }: RelayAnswer): string[] {
    const owner = (publicKey: string, former: string): string | undefined =>
        Object.keys(peers).find((name) => {
            const peer = peers[name];
            // Who has expired has no key that works.
            return (
                peer?.listed && !hasEnded(peer.expires, time) && peer.publicKey === publicKey && peer.former === former
            );
        });
    return [
        ...(pending.length === 0 ? [] : [`a change of ${pending.join(", ")} waits for its confirmation`]),
        ...(rolledBack === undefined
            ? []
            : [`a change that was not confirmed was rolled back on ${rolledBack}; the next \`pulumi up\` records it`]),
        ...moving.flatMap(({ publicKey, former, until }) => {
            const name = owner(publicKey, former);
            return name === undefined
                ? []
                : [
                      `${name} has not used its new key yet: the former one works until then, until ${rfc3339Of(until)} at most`,
                  ];
        }),
    ];
}

/** A line of another version is told as it is. */
function sentenceOf(line: string): string {
    const event = parseJournalLine(line);
    return (event === undefined ? undefined : journalSentence(event)) ?? line;
}
