import { LINK_GROUP } from "../wireguard/linkGroup.js";
import { asArray, asRecord } from "../nftables/json.js";
import { type Dim, NO_INTERFACE, type Packet, PROTOCOLS, within } from "./packet.js";
import type { Kind } from "./values.js";

/** What a rule looks at. */
export interface Field {
    kind: Kind;
    /** What the packets have there. */
    read(packet: Packet): Reading;
}

/** "absent": no such field in these packets, so a condition on it is not met, negated or not. undefined: not known. */
export type Reading = { dim: Dim } | { word: string } | { number: number } | "absent" | undefined;

/**
 * The left side of a condition; undefined for one that is not understood.
 *
 * @param ours names of the relay's interfaces, which are in the link group of relays
 */
export function fieldOf(left: unknown, ours: ReadonlySet<string>): Field | undefined {
    const key = asRecord(asRecord(left)?.["meta"])?.["key"];
    if (typeof key === "string") return metaField(key, ours);
    const payload = asRecord(asRecord(left)?.["payload"]);
    if (payload !== undefined) return payloadField(String(payload["protocol"]), String(payload["field"]));
    const ct = asRecord(asRecord(left)?.["ct"]);
    if (ct !== undefined) return ctField(String(ct["key"]), ct["dir"]);
    const fib = asRecord(asRecord(left)?.["fib"]);
    if (fib?.["result"] === "type" && (asArray(fib["flags"]) ?? [fib["flags"]]).join() === "daddr")
        return word(({ local }) => (local === undefined ? undefined : local ? "local" : "unicast"));
    return undefined;
}

function word(read: (packet: Packet) => string | undefined): Field {
    return {
        kind: "word",
        read: (packet) => {
            const found = read(packet);
            return found === undefined ? undefined : { word: found };
        },
    };
}

function metaField(key: string, ours: ReadonlySet<string>): Field | undefined {
    switch (key) {
        case "iifname":
        case "iif":
            return word(({ iif }) => iif);
        case "oifname":
        case "oif":
            return word(({ oif }) => oif);
        case "iifgroup":
        case "oifgroup":
            return { kind: "number", read: (packet) => groupOf(key === "iifgroup" ? packet.iif : packet.oif, ours) };
        case "nfproto":
            return word(({ family }) => (family === 4 ? "ipv4" : "ipv6"));
        case "protocol":
            return word(({ family }) => (family === 4 ? "ip" : "ip6"));
        case "l4proto":
            return { kind: "protocol", read: () => ({ dim: "proto" }) };
        case "mark":
            return { kind: "number", read: ({ mark }) => (mark === undefined ? undefined : { number: mark }) };
        default:
            return undefined;
    }
}

/** Other relays' interfaces are in the same group; which those are is not known. */
function groupOf(name: string | undefined, ours: ReadonlySet<string>): Reading {
    if (name === NO_INTERFACE) return "absent";
    return name !== undefined && ours.has(name) ? { number: LINK_GROUP } : undefined;
}

function payloadField(protocol: string, field: string): Field | undefined {
    if (protocol === "ip" || protocol === "ip6") return addressField(protocol === "ip" ? 4 : 6, field);
    const number = Object.hasOwn(NUMBERS, protocol) ? NUMBERS[protocol] : undefined;
    if (number !== undefined) return headerField(protocol, number, field);
    if (field !== "sport" && field !== "dport") return undefined;
    // In a protocol without ports these are other bytes of its header.
    if (protocol === "th")
        return {
            kind: "port",
            read: (packet) => (hasPorts(packet) === true ? { dim: field } : undefined),
        };
    return undefined;
}

const NUMBERS: Record<string, number> = {
    ...{ icmp: PROTOCOLS.icmp, icmpv6: PROTOCOLS.icmp6, tcp: PROTOCOLS.tcp, udp: PROTOCOLS.udp },
    ...{ sctp: 132, dccp: 33, udplite: 136, gre: 47, esp: 50, ah: 51, comp: 108 },
};

/** Packets of other protocols have no such field, whatever it is. */
function headerField(protocol: string, number: number, field: string): Field {
    const isPort = (protocol === "tcp" || protocol === "udp") && (field === "sport" || field === "dport");
    if (isPort) return { kind: "port", read: (packet) => ofProtocol(packet, number, field) };
    if ((protocol === "icmp" || protocol === "icmpv6") && field === "type")
        return { kind: `${protocol} type`, read: (packet) => ofProtocol(packet, number, "type") };
    return { kind: "number", read: (packet) => ofProtocol(packet, number, undefined) };
}

function addressField(family: 4 | 6, field: string): Field {
    const dim = field === "saddr" || field === "daddr" ? field : undefined;
    if (dim !== undefined)
        return { kind: "address", read: (packet) => (packet.family === family ? { dim } : "absent") };
    if (field === "protocol" || field === "nexthdr")
        return { kind: "protocol", read: (packet) => (packet.family === family ? { dim: "proto" } : "absent") };
    return { kind: "number", read: (packet) => (packet.family === family ? undefined : "absent") };
}

/** @param dim undefined: a field that is not kept */
function ofProtocol(packet: Packet, protocol: number, dim: Dim | undefined): Reading {
    const isIt = within(packet, "proto", [protocol, protocol]);
    if (isIt === false) return "absent";
    return isIt === undefined || dim === undefined ? undefined : { dim };
}

function hasPorts(packet: Packet): boolean | undefined {
    const [tcp, udp] = [PROTOCOLS.tcp, PROTOCOLS.udp].map((protocol) => within(packet, "proto", [protocol, protocol]));
    return tcp === true || udp === true ? true : tcp === undefined || udp === undefined ? undefined : false;
}

function ctField(key: string, dir: unknown): Field | undefined {
    if (key === "state") return word(({ state }) => state);
    // What is not tracked belongs to no connection.
    const isTracked = ({ state }: Packet): boolean => state === "new" || state === "established";
    if (key === "direction")
        return {
            kind: "word",
            read: (packet) => (isTracked(packet) ? { word: packet.direction } : "absent"),
        };
    const [, family, end] = /^(?:(ip6?) )?([sd]addr)$/.exec(key) ?? [];
    if (end === undefined || dir !== "original") return undefined;
    const dim = end as "saddr" | "daddr";
    const mirrored = dim === "saddr" ? "daddr" : "saddr";
    return {
        kind: "address",
        read: (packet) => {
            if (family !== undefined && (family === "ip") !== (packet.family === 4)) return "absent";
            if (!isTracked(packet)) return "absent";
            if (packet.natted) return undefined;
            return { dim: packet.direction === "reply" ? mirrored : dim };
        },
    };
}
