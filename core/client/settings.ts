import { peerIn } from "../access/index.js";
import type { RelayPlain } from "../arguments/index.js";
import type { GrantSource } from "../registry/model.js";

/** What a relay's program says of all its peers' configurations; no secrets. */
export interface ClientSettings {
    appName: string;
    subnet: string;
    subnet6?: string;
    /** Bytes. */
    mtu: number;
    /** Seconds; 0 leaves it off. */
    keepalive: number;
    dns?: string[];
    /** What a peer reaches besides the tunnel, CIDR, by name; who reaches nothing else is left out. */
    networks: Record<string, string[]>;
}

/** A relay's arguments, when all that configurations need of them is known. */
interface Known extends Pick<RelayPlain, "appName" | "subnet" | "subnet6"> {
    mtu: number;
    dns: string[] | undefined;
    keepalive: number;
    grants: { from: GrantSource[]; to: { peer?: string; network?: string } }[];
}

export function clientSettings(plain: Known): ClientSettings {
    const { appName, subnet, subnet6, mtu, keepalive, dns, grants } = plain;
    return {
        ...{ appName, subnet, mtu, keepalive },
        ...(subnet6 === undefined ? {} : { subnet6 }),
        ...(dns === undefined ? {} : { dns }),
        networks: networksOf(grants),
    };
}

/** The tunnel, and the networks of the peer's grants. Nothing else, because it could be the peer's local network. */
export function reachable(name: string, { subnet, subnet6, networks }: ClientSettings): string[] {
    const own = Object.hasOwn(networks, name) ? (networks[name] ?? []) : [];
    return [...new Set([subnet, ...(subnet6 === undefined ? [] : [subnet6]), ...own])];
}

function networksOf(grants: Known["grants"]): Record<string, string[]> {
    const networks: Record<string, string[]> = {};
    const add = (name: string | undefined, network: string | undefined): void => {
        if (name === undefined || network === undefined) return;
        const own = (networks[name] ??= []);
        if (!own.includes(network)) own.push(network);
    };
    for (const { from, to } of grants) {
        for (const source of from) {
            add(peerIn(source), to.network);
            // Replies must be routed to the network behind the peer.
            if (typeof source === "object") add(to.peer, source.network);
        }
    }
    return networks;
}
