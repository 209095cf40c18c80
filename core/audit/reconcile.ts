/** Compares what a log says there should be with what the state or a relay says there is. */
import type { ReplayedRelay } from "./replay.js";

/** What another source knows of a relay. Absent parts are not compared. */
export interface Claimed {
    /** Active peers by name. */
    peers?: Record<string, { publicKey: string; address?: string }>;
    /** Keys on the wire, where names are not known. */
    keys?: readonly string[];
    /** Pairs of a present and a former key that the other side says still works; one that the log or the state knows counts. */
    replaced?: readonly { publicKey: string; former: string }[];
    /** Former key by the present one, as the state has them. */
    formers?: Readonly<Record<string, string>>;
    services?: Record<string, { port: number }>;
}

export interface Difference {
    relay: string;
    kind: "peer" | "service" | "relay";
    name: string;
    problem: string;
}

/**
 * @param source what the other side is called: "the state", "the wire"
 * @param claims by relay; a relay only the log knows counts as empty
 */
export function reconcile(
    source: string,
    relays: Readonly<Record<string, ReplayedRelay>>,
    claims: Readonly<Record<string, Claimed>>,
): Difference[] {
    const names = [...new Set([...Object.keys(relays), ...Object.keys(claims)])].sort();
    return names.flatMap((relay) => {
        const log = own(relays, relay) ?? { peers: {}, services: {} };
        const claimed = own(claims, relay);
        if (claimed === undefined) return forgotten(source, relay, log);
        return [
            ...(claimed.peers === undefined ? [] : peers(source, relay, log, claimed.peers)),
            ...(claimed.keys === undefined ? [] : keys(source, relay, log, claimed.keys, claimed)),
            ...(claimed.services === undefined ? [] : services(source, relay, log, claimed.services)),
        ];
    });
}

function forgotten(source: string, relay: string, { peers, services }: ReplayedRelay): Difference[] {
    const left = Object.keys(peers).length + Object.keys(services).length;
    if (left === 0) return [];
    return [
        {
            relay,
            kind: "relay",
            name: relay,
            problem: `${source} does not have it; in the log it has ${left} peers and services`,
        },
    ];
}

function peers(
    source: string,
    relay: string,
    log: ReplayedRelay,
    claimed: NonNullable<Claimed["peers"]>,
): Difference[] {
    return union(log.peers, claimed).flatMap((name): Difference[] => {
        const [recorded, found] = [own(log.peers, name), own(claimed, name)];
        const difference = (problem: string): Difference[] => [{ relay, kind: "peer", name, problem }];
        if (found === undefined)
            return difference(`the log added it (record ${recorded?.record}), ${source} does not have it`);
        if (recorded === undefined) return difference(`${source} has it, no record added it`);
        if (recorded.publicKey !== found.publicKey) {
            return difference(`the log has key ${recorded.publicKey}, ${source} ${found.publicKey}`);
        }
        if (found.address !== undefined && recorded.address !== found.address) {
            return difference(`the log has address ${recorded.address}, ${source} ${found.address}`);
        }
        return [];
    });
}

function keys(
    source: string,
    relay: string,
    log: ReplayedRelay,
    found: readonly string[],
    { replaced = [], formers = {} }: Claimed,
): Difference[] {
    const recorded = new Map(Object.entries(log.peers).map(([name, { publicKey }]) => [publicKey, name]));
    const onWire = new Set(found);
    const missing = [...recorded].filter(([key]) => !onWire.has(key));
    const former = new Set(
        replaced
            .filter(({ publicKey, former: key }) => {
                const peer = own(log.peers, recorded.get(publicKey) ?? "");
                return peer !== undefined && (peer.former?.publicKey === key || own(formers, publicKey) === key);
            })
            .map(({ former: key }) => key),
    );
    const unknown = found.filter((key) => !recorded.has(key) && !former.has(key));
    return [
        ...missing.map(([, name]): Difference => {
            return { relay, kind: "peer", name, problem: `the log added it, ${source} does not have its key` };
        }),
        ...unknown.map((key): Difference => {
            return { relay, kind: "peer", name: key, problem: `${source} has this key, no record added it` };
        }),
    ];
}

function services(
    source: string,
    relay: string,
    log: ReplayedRelay,
    claimed: NonNullable<Claimed["services"]>,
): Difference[] {
    return union(log.services, claimed).flatMap((name): Difference[] => {
        const [recorded, found] = [own(log.services, name), own(claimed, name)];
        const difference = (problem: string): Difference[] => [{ relay, kind: "service", name, problem }];
        if (found === undefined)
            return difference(`the log opened it (record ${recorded?.record}), ${source} does not have it`);
        if (recorded === undefined) return difference(`${source} has it, no record opened it`);
        if (recorded.port !== found.port)
            return difference(`the log has port ${recorded.port}, ${source} ${found.port}`);
        return [];
    });
}

function union(a: object, b: object): string[] {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

function own<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
    return Object.hasOwn(object, key) ? object[key] : undefined;
}
