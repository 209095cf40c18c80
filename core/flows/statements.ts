import { asRecord } from "../nftables/json.js";
import { type Family, range as rangeOf } from "../addresses/index.js";
import { type Condition, conditionOf, elementsOf, type Met, type Surroundings } from "./conditions.js";
import type { Packet, Range } from "./packet.js";

/** What ends a rule. */
export type Verdict =
    | { kind: "accept" | "drop" | "return" | "continue" }
    | { kind: "jump" | "goto"; target: string }
    /** Translates an address, of packets of one family or of both; the packet is accepted with it. */
    | { kind: "nat"; change: Change; family?: Family }
    /** Not understood: it may accept, drop, or go on with the next rule. */
    | { kind: "any" };

export type Change = (packet: Packet) => Packet;

/** A statement of a rule. */
export type Statement =
    | { kind: "condition"; test: Condition }
    | { kind: "change"; change: Change }
    | { kind: "verdict"; verdict: Verdict }
    /** A verdict map: null for packets that are not in it; several where it is not known which. */
    | { kind: "map"; choose: (packet: Packet) => Met & { verdicts: Verdict[] } };

/** The statements of a rule that decide about packets or change them. */
export function statementsOf(expr: readonly unknown[], surroundings: Surroundings): Statement[] {
    return expr.flatMap((each) => {
        const [kind = "", body] = Object.entries(asRecord(each) ?? {})[0] ?? [];
        const found = statementOf(kind, body, surroundings);
        return found === undefined ? [] : [found];
    });
}

const UNKNOWN: Condition = () => ({ met: undefined });

function statementOf(kind: string, body: unknown, surroundings: Surroundings): Statement | undefined {
    const fields = asRecord(body) ?? {};
    switch (kind) {
        case "match":
            return { kind: "condition", test: conditionOf(fields, surroundings) };
        case "vmap":
            return verdictMap(fields, surroundings);
        case "xt":
            return extension(body);
        case "mangle":
            return mangle(fields);
        case "notrack":
            return change((packet) => ({ ...packet, state: "untracked" }));
        case "limit":
        case "quota":
        case "ct count":
            return { kind: "condition", test: UNKNOWN };
        case "counter":
        case "log":
        case "set":
        case "map":
        case "comment":
        case "last":
        case "ct helper":
        case "ct timeout":
        case "ct expectation":
        case "dup":
            return undefined;
        default:
            return { kind: "verdict", verdict: verdictOf(kind, fields) };
    }
}

function change(how: Change): Statement {
    return { kind: "change", change: how };
}

function verdictOf(kind: string, body: Record<string, unknown>): Verdict {
    switch (kind) {
        case "accept":
        case "drop":
        case "return":
        case "continue":
            return { kind };
        case "reject":
            return { kind: "drop" };
        case "jump":
        case "goto":
            return { kind, target: String(body["target"]) };
        case "masquerade":
        case "snat":
            return { kind: "nat", change: source, ...familyIn(body) };
        case "dnat":
        case "redirect": {
            const change = destination(kind === "redirect" ? "" : body["addr"], body["port"]);
            return { kind: "nat", change, ...familyIn(body) };
        }
        default:
            return { kind: "any" };
    }
}

/** In a table of both families an address is one family's; packets of the other one go on with the next rule. */
function familyIn({ family }: Record<string, unknown>): { family?: Family } {
    return family === "ip" ? { family: 4 } : family === "ip6" ? { family: 6 } : {};
}

function verdictMap(body: Record<string, unknown>, surroundings: Surroundings): Statement {
    const elements = elementsOf(body["key"], body["data"], surroundings);
    if (elements === undefined) return { kind: "verdict", verdict: { kind: "any" } };
    return {
        kind: "map",
        choose: (packet) => {
            const { values, ...found } = elements.find(packet);
            const verdicts = values.map((value) => {
                const [kind = "", fields] = Object.entries(asRecord(value) ?? {})[0] ?? [];
                return verdictOf(kind, asRecord(fields) ?? {});
            });
            return { ...found, verdicts };
        },
    };
}

/** An extension of iptables, of which nft knows the name at most; version 1.0.6 and older do not say whether it is a target. */
function extension(body: unknown): Statement {
    const { type, name } = asRecord(body) ?? {};
    if (type !== "target") return { kind: "condition", test: UNKNOWN };
    switch (name) {
        case "REJECT":
            return { kind: "verdict", verdict: { kind: "drop" } };
        case "MASQUERADE":
        case "SNAT":
            return { kind: "verdict", verdict: { kind: "nat", change: source } };
        case "DNAT":
        case "REDIRECT":
            return { kind: "verdict", verdict: { kind: "nat", change: destination(undefined, undefined) } };
        case "MARK":
        case "CONNMARK":
            return change((packet) => ({ ...packet, mark: undefined }));
        case "LOG":
        case "NFLOG":
        case "TCPMSS":
        case "CHECKSUM":
        case "CLASSIFY":
        case "TRACE":
            return change((packet) => packet);
        default:
            return { kind: "verdict", verdict: { kind: "any" } };
    }
}

/** Marks, and fields of the header that a rule writes; what it writes there is not followed. */
function mangle({ key, value }: Record<string, unknown>): Statement | undefined {
    if (asRecord(asRecord(key)?.["meta"])?.["key"] === "mark")
        return change((packet) => ({ ...packet, mark: typeof value === "number" ? value : undefined }));
    const field = asRecord(asRecord(key)?.["payload"])?.["field"];
    if (field !== "saddr" && field !== "daddr" && field !== "sport" && field !== "dport") return undefined;
    return change((packet) => ({ ...packet, natted: true, box: { ...packet.box, [field]: undefined } }));
}

/** Which address it gets is the machine's affair: nothing after it is to decide by that. */
function source(packet: Packet): Packet {
    return { ...packet, natted: true, box: { ...packet.box, saddr: undefined, sport: undefined } };
}

/** @param addr "": the machine's own */
function destination(addr: unknown, port: unknown): Change {
    const to = typeof addr === "string" && addr !== "" ? single(addr) : undefined;
    return (packet) => {
        const own = packet.box.dport;
        const dport: Range | undefined =
            typeof port === "number" ? [port, port] : port === undefined && typeof addr === "string" ? own : undefined;
        return {
            ...packet,
            natted: true,
            local: addr === "" ? true : undefined,
            box: { ...packet.box, daddr: to, dport },
        };
    };
}

function single(address: string): Range | undefined {
    try {
        const { first, last } = rangeOf(address);
        return first === last ? [first, last] : undefined;
    } catch {
        return undefined;
    }
}
