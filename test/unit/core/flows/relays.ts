import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Access, expand, parseRule } from "../../../../core/access/index.js";
import { rightsOf } from "../../../../core/access/rights.js";
import {
    compare,
    type Declared,
    type Difference,
    type Finding,
    findingsOf,
    type Live,
    namedInterfaces,
    parseRuleset,
    unownedFindings,
    unownedRights,
    type Wire,
} from "../../../../core/flows/index.js";
import type { Box, Packet } from "../../../../core/flows/packet.js";
import { rangeFor } from "../../../../core/flows/wire.js";
import { elementsOf, SET_NAMES } from "../../../../core/nftables/index.js";
import { fromAllowedIps } from "../../../../core/wireguard/index.js";

/** Objects of a ruleset that nft 1.0.6 listed. */
export function captured(name: "relay" | "docker" | "ufw" | "variety"): object[] {
    return JSON.parse(readFileSync(join(__dirname, "captured", `${name}.json`), "utf8")) as object[];
}

export const OURS = new Set(["wg0"]);
const TABLE = { family: "inet", table: "qp" };

export const peer = (host: number, routes: string[] = []) => ({
    address: `10.8.0.${host}`,
    address6: `fd00:8::${host}`,
    routes,
});

export const ACCESS: Access = {
    relay: { address: "10.8.0.1", address6: "fd00:8::1" },
    peers: { alice: peer(2), bob: peer(3), nas: peer(4, ["192.168.7.0/24"]) },
    services: { web: { port: 8443, allow: ["alice"], upstreamPeer: { peer: "nas", port: 3000 } } },
    grants: [
        {
            from: ["alice"],
            to: { peer: "nas" },
            ports: [{ protocol: "tcp", first: 22, last: 22 }, { protocol: "icmp" }],
        },
        {
            from: ["bob"],
            to: { peer: "nas", network: "192.168.7.0/24" },
            ports: [{ protocol: "udp", first: 100, last: 200 }],
        },
        { from: ["alice"], to: { network: "192.168.50.0/24" }, ports: [{ protocol: "all" }] },
    ],
};

/** The relay's table as nft lists it, with the elements of a program. */
export function relayTable(access: Access): object[] {
    const elements = elementsOf(Object.values(expand(access)).flat().map(parseRule));
    return captured("relay").map((object) => {
        const { set } = object as { set?: { name: (typeof SET_NAMES)[number] } };
        if (set === undefined || !SET_NAMES.includes(set.name)) return object;
        return { set: { ...set, elem: elements[set.name].map(elementJson) } };
    });
}

/** An element as nft lists it. */
export function elementJson(text: string): object {
    return { concat: text.split(" . ").map(partJson) };
}

function partJson(text: string): unknown {
    const [addr, len] = text.split("/");
    if (len !== undefined) return { prefix: { addr, len: Number(len) } };
    const [first, last] = text.split("-").map(Number);
    if (last !== undefined && /^[0-9-]+$/.test(text)) return { range: [first, last] };
    return /^[0-9]+$/.test(text) ? Number(text) : text;
}

/** A rule of the relay's own table, or of another one. */
export function rule(chain: string, expr: object[], table: object = TABLE): object {
    return { rule: { ...TABLE, ...table, chain, expr } };
}

export const meta = (key: string, right: unknown, op = "==") => ({ match: { op, left: { meta: { key } }, right } });
export const payload = (protocol: string, field: string, right: unknown, op = "==") => ({
    match: { op, left: { payload: { protocol, field } }, right },
});
export const ACCEPT = { accept: null };
export const DROP = { drop: null };

/** The table of a relay to which somebody added a rule by hand, before all others of its chain. */
export function tampered(added: object, access = ACCESS): object[] {
    const objects = relayTable(access);
    const at = objects.findIndex((object) => "rule" in object);
    return [...objects.slice(0, at), added, ...objects.slice(at)];
}

export function declaredBy(access: Access): Declared {
    const peers = Object.entries(access.peers);
    const own = [access.relay.address, access.relay.address6 ?? []].flat();
    return {
        rights: rightsOf(access),
        addresses: {
            "(relay)": own,
            ...Object.fromEntries(
                peers.map(([name, { address, address6 }]) => [name, [address, address6 ?? []].flat()]),
            ),
        },
        routes: Object.fromEntries(peers.map(([name, { routes = [] }]) => [name, routes])),
    };
}

export function wireOf(access: Access): Wire {
    return {
        interfaces: ["wg0"],
        own: ["10.8.0.1", "fd00:8::1"],
        subnets: ["10.8.0.0/24", "fd00:8::/64"],
        machine: ["198.51.100.2"],
        peers: Object.entries(access.peers).map(([name, each]) => ({
            ...{ name, interface: "wg0" },
            allowedIps: fromAllowedIps(each),
        })),
    };
}

export function liveOf(objects: readonly object[], wire: Wire): Live {
    const documents = [{ nftables: objects }];
    const others = namedInterfaces(documents, OURS);
    return { ruleset: parseRuleset(documents, OURS), wire, others, behind: [] };
}

export function differences(objects: readonly object[], access = ACCESS, wire = wireOf(access)): Difference[] {
    return compare(declaredBy(access), liveOf(objects, wire));
}

/** In words. */
export function findings(objects: readonly object[], access = ACCESS, wire = wireOf(access)): Finding[] {
    const exists = objects.some((object) => (object as { table?: { name: string } }).table?.name === "qp");
    const routes = Object.values(access.peers).flatMap(({ routes: own = [] }) => own);
    const unowned = unownedFindings(unownedRights(declaredBy(access), liveOf(objects, wire)));
    return [...unowned, ...findingsOf(differences(objects, access, wire), { wire, table: "qp", exists, routes })];
}

/** One packet, as far as it is said. */
export function packet(fields: Partial<Omit<Packet, "box">> & { [dim in keyof Box]?: string | number } = {}): Packet {
    const { saddr = "10.8.0.2", daddr = "10.8.0.4", proto = 6, sport = 40_000, dport = 22, type = 0, ...rest } = fields;
    const point = (value: string | number) => [value, value] as const;
    return {
        ...{ family: 4, iif: "wg0", oif: "wg0", state: "new", direction: "original", flags: ["syn"], mark: 0 },
        ...{ local: false, mirrored: false, natted: false },
        ...rest,
        box: {
            ...{ saddr: rangeFor(String(saddr)), daddr: rangeFor(String(daddr)) },
            ...{ proto: point(proto) as never, sport: point(sport) as never, dport: point(dport) as never },
            type: point(type) as never,
        },
    };
}
