import { unpacked } from "../packed/index.js";
import { peerKey } from "../registry/peerKey.js";
import { DAY_MS } from "../time.js";
import type { Expiry, PeerChanges, PeerNote } from "./model.js";
import type { PlannedResource, State } from "./plan.js";

/** A peer as a tunnel's inputs have it, as far as a review needs it. */
export interface PlannedPeer {
    addresses: string[];
    /** Absent: not known, here or before the update. */
    key?: unknown;
    expires?: string;
    /** The rest of it as one text, to be compared. */
    rest: string;
}

export type PlannedPeers = Record<string, PlannedPeer>;

/** Peers of a tunnel or a registry, by name. undefined: not known before the update. */
export function peersIn(kind: string, state: State | undefined): PlannedPeers | undefined {
    if (state === undefined) return {};
    const { peers, publicKeys } = unpacked(kind, state.inputs);
    if (!isMap(peers)) return peers === undefined ? {} : undefined;
    const generated = isMap(publicKeys) ? publicKeys : {};
    return Object.fromEntries(
        Object.entries(peers).map(([name, peer]): [string, PlannedPeer] => {
            const { address, address6, expires, publicKey, ...rest } = isMap(peer) ? peer : {};
            const known = typeof publicKey === "string" ? { publicKey } : {};
            const key = peerKey(name, known, generated);
            return [
                name,
                {
                    addresses: [address, address6].filter((each) => typeof each === "string"),
                    ...(key === undefined ? {} : { key }),
                    ...(typeof expires === "string" ? { expires } : {}),
                    rest: JSON.stringify(Object.entries(rest).sort()),
                },
            ];
        }),
    );
}

/** @param tunnel absent: the preview does not show it, so nothing of it changes */
export function peerChanges(tunnel: PlannedResource | undefined, now: Date): PeerChanges {
    if (tunnel === undefined) return { ...NONE, known: true };
    const [before, after] = [peersIn(tunnel.kind, tunnel.before), peersIn(tunnel.kind, tunnel.after)];
    if (before === undefined || after === undefined) return NONE;
    const [gone, come] = [namesOnlyIn(before, after), namesOnlyIn(after, before)];
    const renamed = come.flatMap((to) => {
        const from = gone.find((name) => typeof after[to]?.key === "string" && before[name]?.key === after[to].key);
        return from === undefined ? [] : [{ from, to }];
    });
    const left = gone.filter((name) => !renamed.some(({ from }) => from === name));
    const isPast = (name: string): boolean => Date.parse(before[name]?.expires ?? "") <= now.getTime();
    const stay = Object.keys(after).filter((name) => Object.hasOwn(before, name));
    const changed = stay.filter((name) => differs(before[name], after[name]));
    return {
        known: true,
        added: come.filter((name) => !renamed.some(({ to }) => to === name)).map((name) => noteOf(name, after)),
        cut: left.filter((name) => !isPast(name)).map((name) => noteOf(name, before)),
        expired: left.filter(isPast).map((name) => noteOf(name, before)),
        renamed,
        changed: changed.sort(),
        unchanged: stay.length - changed.length,
    };
}

function differs(then: PlannedPeer | undefined, now: PlannedPeer | undefined): boolean {
    const [olds, news] = [then, now].map((peer) => JSON.stringify([peer?.addresses, peer?.expires, peer?.rest]));
    return olds !== news || (then?.key !== undefined && now?.key !== undefined && then.key !== now.key);
}

const NONE: PeerChanges = { known: false, added: [], cut: [], expired: [], renamed: [], changed: [] };

/** Peers that will be cut off by their relay, the first one first. */
export function expiriesOf(peers: PlannedPeers, now: Date): Expiry[] {
    return Object.entries(peers)
        .flatMap(([peer, { expires = "" }]): Expiry[] => {
            const left = Date.parse(expires) - now.getTime();
            return Number.isNaN(left) ? [] : [{ peer, expires, days: Math.floor(left / DAY_MS) }];
        })
        .sort((a, b) => Date.parse(a.expires) - Date.parse(b.expires) || (a.peer < b.peer ? -1 : 1));
}

function namesOnlyIn(some: PlannedPeers, others: PlannedPeers): string[] {
    return Object.keys(some)
        .filter((name) => !Object.hasOwn(others, name))
        .sort();
}

function noteOf(name: string, peers: PlannedPeers): PeerNote {
    const { addresses = [], expires } = peers[name] ?? {};
    return { name, addresses, ...(expires === undefined ? {} : { expires }) };
}

export function isMap(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
