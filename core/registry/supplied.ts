import type { Ledger, RegistryPeer } from "./model.js";
import type { PeerRequest } from "./request.js";

/** What other resources than the program say of peers, by name. undefined: a preview does not know it yet. */
export interface Supplied {
    routes?: Record<string, string[] | undefined>;
    expires?: Record<string, string | undefined>;
    /** Peers that they list. Absent: none. */
    peers?: { known: Record<string, PeerRequest> | undefined };
}

/**
 * The whole request. What is not known yet stays as it was: nobody is admitted or removed because of it, and nothing that is known has to
 * wait.
 *
 * @param previous the ledger of last time; undefined for a new relay
 */
export function withSupplied(
    peers: Record<string, PeerRequest>,
    { routes = {}, expires = {}, peers: more }: Supplied,
    previous: Ledger | undefined,
): Record<string, PeerRequest> {
    const own = Object.entries(peers).map(([name, peer]): [string, PeerRequest] => {
        const before = entryOf(previous?.peers, name);
        const until = expires[name] ?? before?.expires ?? entryOf(previous?.retired.peers, name)?.expires;
        const behind = routes[name] ?? before?.routes;
        return [
            name,
            {
                ...peer,
                ...(Object.hasOwn(routes, name) && behind !== undefined && behind.length > 0 ? { routes: behind } : {}),
                ...(Object.hasOwn(expires, name) && until !== undefined ? { expires: until } : {}),
            },
        ];
    });
    const others = more === undefined ? {} : (more.known ?? asBefore(peers, previous));
    return { ...others, ...Object.fromEntries(own) };
}

/** Peers of last time that the program itself does not list, as far as nothing that it lists takes their place. */
function asBefore(peers: Record<string, PeerRequest>, previous: Ledger | undefined): Record<string, PeerRequest> {
    const listed = Object.values(peers);
    const [keys, addresses] = [listed.map(({ publicKey }) => publicKey), listed.map(({ address }) => address)].map(
        (values) => new Set(values.filter((value) => value !== undefined)),
    ) as [Set<string>, Set<string>];
    const stays = ([name, { publicKey = "", address }]: [string, RegistryPeer]): boolean =>
        !Object.hasOwn(peers, name) && !keys.has(publicKey) && !addresses.has(address);
    return Object.fromEntries(
        Object.entries(previous?.peers ?? {})
            .filter(stays)
            .map(([name, { publicKey, routes, keyEpoch, expires }]) => [
                name,
                { publicKey, routes, keyEpoch, expires },
            ]),
    );
}

function entryOf<Entry>(entries: Record<string, Entry> | undefined, name: string): Entry | undefined {
    return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
}
