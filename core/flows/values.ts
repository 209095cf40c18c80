import { range as rangeOf } from "../addresses/index.js";
import { asArray, asRecord } from "../nftables/json.js";
import type { Range } from "./packet.js";
import { rangeFor } from "./wire.js";

/** How values that a field is compared with are written. */
export type Kind = "address" | "port" | "protocol" | "icmp type" | "icmpv6 type" | "number" | "word";

/** A value in a rule or in a set. Words may end with an asterisk. */
export type Constant = { range: Range } | { word: string };

/** A value as nft writes it in JSON; undefined when it is not understood. */
export function constantOf(value: unknown, kind: Kind): Constant | undefined {
    if (kind === "word") return typeof value === "string" ? { word: value } : undefined;
    const range = kind === "address" ? addressRange(value) : numberRange(value, kind);
    return range === undefined ? undefined : { range };
}

/** Whether a name is meant by a word. */
export function isWord(word: string, name: string): boolean {
    return word.endsWith("*") ? name.startsWith(word.slice(0, -1)) : word === name;
}

function addressRange(value: unknown): Range | undefined {
    const ends = asArray(asRecord(value)?.["range"]);
    const prefix = asRecord(asRecord(value)?.["prefix"]);
    const text = prefix === undefined ? value : `${String(prefix["addr"])}/${String(prefix["len"])}`;
    try {
        if (ends !== undefined) return [rangeOf(String(ends[0])).first, rangeOf(String(ends[1])).last];
        if (typeof text !== "string") return undefined;
        return rangeFor(text);
    } catch {
        return undefined;
    }
}

function numberRange(value: unknown, kind: Exclude<Kind, "word" | "address">): Range | undefined {
    const ends = asArray(asRecord(value)?.["range"]) ?? [value, value];
    const [low, high] = ends.map((end) => (typeof end === "number" ? end : NAMES[kind]?.[String(end)]));
    return low === undefined || high === undefined ? undefined : [low, high];
}

const NAMES: Partial<Record<Kind, Record<string, number>>> = {
    protocol: {
        ...{ icmp: 1, igmp: 2, ipencap: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, esp: 50, ah: 51 },
        ...{ "ipv6-icmp": 58, icmpv6: 58, ospf: 89, ipip: 94, vrrp: 112, comp: 108, sctp: 132, dccp: 33, udplite: 136 },
    },
    "icmp type": {
        ...{ "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, redirect: 5, "echo-request": 8 },
        ...{ "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12 },
        ...{ "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16 },
        ...{ "address-mask-request": 17, "address-mask-reply": 18 },
    },
    "icmpv6 type": {
        ...{ "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4 },
        ...{ "echo-request": 128, "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131 },
        ...{ "mld-listener-done": 132, "mld-listener-reduction": 132, "nd-router-solicit": 133 },
        ...{ "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137 },
        ...{ "router-renumbering": 138, "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142 },
        ...{ "mld2-listener-report": 143 },
    },
};
