import { bigIntToAddress, joinHostPort, type Family } from "../addresses/index.js";
import { RELAY } from "../access/index.js";
import { listed } from "../list.js";
import { ANY_OTHER, type Difference, type DifferenceKind, type Unowned } from "./compare.js";
import { type Box, disjoint, isWithin, PROTOCOLS, type Range } from "./packet.js";
import type { Flow, Part } from "./path.js";
import { portsText } from "./portsText.js";
import type { Cause } from "./walk.js";
import { exampleIn, type Owned, ownedBy, rangeFor, type Wire } from "./wire.js";

/** A path on which the wire and the program differ, in words. */
export interface Finding {
    kind: DifferenceKind;
    /** `established` and `reply`: only packets of connections that exist already. */
    part: Part;
    from: string;
    to: string;
    ports: string;
    /** The rule, element, policy or allowed IP that is responsible. */
    cause: string;
    /** What allows it in the program. */
    by?: string;
    /** One of the packets. */
    packet: string;
}

/** Where and how names are looked up. */
export interface Naming {
    wire: Wire;
    /** The relay's own table, family inet. */
    table: string;
    /** Whether it exists. */
    exists: boolean;
    /** Networks behind peers, CIDR: told by themselves. */
    routes: readonly string[];
}

/** Differences as a person reads them: what has one cause and one pair of ends is one row. */
export function findingsOf(differences: readonly Difference[], naming: Naming): Finding[] {
    const rows = new Map<string, { finding: Omit<Finding, "ports">; boxes: Box[]; family: Family }>();
    const owned = { 4: ownedBy(naming.wire.peers, 4), 6: ownedBy(naming.wire.peers, 6) };
    for (const difference of differences) {
        const { kind, part, flow, right } = difference;
        const ends = endsOf(flow, owned[flow.family], naming);
        const finding = {
            ...{ kind, part, ...ends, cause: causeText(difference, naming) },
            ...(right === undefined ? {} : { by: right.by === "" ? "every peer may ping the relay" : right.by }),
            packet: packetText(flow, part, naming),
        };
        const { packet: _one, ...same } = finding;
        const key = JSON.stringify([same, flow.family]);
        const row = rows.get(key) ?? { finding, boxes: [], family: flow.family };
        rows.set(key, row);
        row.boxes.push(flow.box);
    }
    const found = [...rows.values()].map(({ finding, boxes, family }) => {
        const { packet, ...rest } = finding;
        return { ...rest, ports: portsText(boxes, family), packet };
    });
    return joined(joined(found, "to"), "from").sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ kind, cause, from, to }: Finding): string {
    return [kind, cause, from, to].join("\n");
}

/** Rights that have no peer on the wire. */
export function unownedFindings(unowned: readonly Unowned[]): Finding[] {
    return unowned.map(({ right: { from, to, ports, by }, address }) => ({
        ...{ kind: "missing", part: "new", from, to, ports, by, packet: "" },
        cause: `no peer on the interface has ${address} among its allowed IPs`,
    }));
}

/** Rows that differ in one end only are one. */
function joined(findings: readonly Finding[], end: "from" | "to"): Finding[] {
    const rows = new Map<string, Finding[]>();
    for (const finding of findings) {
        const { [end]: _end, packet: _packet, ...same } = finding;
        const key = JSON.stringify(same);
        rows.set(key, [...(rows.get(key) ?? []), finding]);
    }
    return [...rows.values()].map((all) => {
        const names = new Set(all.flatMap((each) => each[end].split(", ")));
        return { ...all[0]!, [end]: listed([...names].sort(), NAMES) };
    });
}

const NAMES = { most: 8, rest: ", and " };

function endsOf({ box, family, source, destination }: Flow, owned: readonly Owned[], naming: Naming): Ends {
    const isOurs = (name: string): boolean => naming.wire.interfaces.includes(name);
    const place = (range: Range, end: typeof source | typeof destination): string => {
        if ("relay" in end) return RELAY;
        if ("machine" in end) return "the relay's machine";
        if (isOurs(end.interface)) return owners(range, family, owned, naming.routes);
        const through = end.interface === ANY_OTHER ? "(outside)" : `(outside ${end.interface})`;
        const text = stretch(range, family);
        // What is left of all addresses without those inside is of no interest.
        return text.includes("-") || text.endsWith("/0") ? through : `${text} ${through}`;
    };
    return { from: place(box.saddr, source), to: place(box.daddr, destination) };
}

interface Ends {
    from: string;
    to: string;
}

/** Peers by name, and networks behind them by themselves. */
function owners(range: Range, family: Family, owned: readonly Owned[], routes: readonly string[]): string {
    const networks = routes.filter((route) => route.includes(":") === (family === 6)).map(rangeFor);
    const names = owned
        .filter((each) => !disjoint(each.range, range))
        .map(({ name, range: own }) => {
            if (!networks.some((network) => isWithin(own, network))) return name;
            const part: Range = [own[0] > range[0] ? own[0] : range[0], own[1] < range[1] ? own[1] : range[1]];
            return stretch(part, family);
        });
    return names.length === 0 ? stretch(range, family) : listed([...new Set(names)].sort(), NAMES);
}

/** "10.8.0.2", "192.168.7.0/24", "10.8.0.2-10.8.0.9" */
function stretch([low, high]: Range, family: Family): string {
    const first = bigIntToAddress(BigInt(low), family);
    if (low === high) return first;
    for (let length = 0; length < (family === 4 ? 32 : 128); length++) {
        const [from, to] = rangeFor(`${first}/${length}`);
        if (from === low && to === high) return `${first}/${length}`;
    }
    return `${first}-${bigIntToAddress(BigInt(high), family)}`;
}

/** "tcp 10.8.0.2:40000 > 10.8.0.3:23" */
function packetText(flow: Flow, part: Part, { wire }: Naming): string {
    const { box, family, source, destination } = flow;
    const address = (range: Range, end: typeof source | typeof destination): bigint => {
        const isInside = "relay" in end || ("interface" in end && wire.interfaces.includes(end.interface));
        const [low, high] = range.map(BigInt) as [bigint, bigint];
        const found = isInside ? low : BigInt(exampleIn(range, family));
        // The first address of a network does not belong to a host.
        return found === low && high - low > 100n ? found + 1n : found;
    };
    const from = address(box.saddr, source);
    const first = address(box.daddr, destination);
    const to = first === from ? BigInt(box.daddr[1]) : first;
    const [proto] = box.proto;
    const hasPorts = proto === PROTOCOLS.tcp || proto === PROTOCOLS.udp;
    const [sport, dport] = [portIn(box.sport, 40_000), portIn(box.dport, 1)];
    const [a, b] = [from, to].map((each) => bigIntToAddress(each, family)) as [string, string];
    const ends = hasPorts ? [joinHostPort(a, sport), joinHostPort(b, dport)] : [a, b];
    const [left, right] = part === "reply" ? ends.toReversed() : ends;
    const what = part === "new" ? "" : part === "reply" ? ", a reply" : ", of an established connection";
    return `${protocolText(box)} ${left} > ${right}${what}`;
}

function protocolText({ proto: [proto], type }: Box): string {
    if (proto === PROTOCOLS.tcp) return "tcp";
    if (proto === PROTOCOLS.udp) return "udp";
    if (proto === PROTOCOLS.icmp || proto === PROTOCOLS.icmp6) return `icmp type ${type[0]}`;
    return `protocol ${proto}`;
}

function portIn([low, high]: Range, usual: number): number {
    return Number(low <= usual && usual <= high ? usual : low);
}

function causeText({ kind, passed, misowned }: Difference, naming: Naming): string {
    if (kind === "undecided") return passed.doubts.map(ruleText).join("; ");
    const owner = misowned === undefined ? "" : `; ${misowned.name} has the address among its allowed IPs`;
    if (kind === "missing") return passed.by.map(ruleText).join("; ");
    const translated = passed.by.filter(({ rule }) => /"?(?:dnat|redirect|DNAT|REDIRECT)"?/.test(rule?.text ?? ""));
    if (!naming.exists) return `the table inet ${naming.table} does not exist${owner}`;
    const own = passed.by.filter(({ family, table }) => family === "inet" && table === naming.table);
    const last =
        own.filter(({ chain }) => chain === "input" || chain === "forward").at(-1) ?? own.at(-1) ?? passed.by.at(-1);
    const named = [...translated, ...(last === undefined ? [] : [last])];
    return `${named.length === 0 ? "no base chain looks at it" : named.map(ruleText).join("; ")}${owner}`;
}

/** "table inet qp_tunnel_wg0, chain forward, rule 3: accept" */
function ruleText({ family, table, chain, rule, element }: Cause): string {
    const place = `table ${family} ${table}, chain ${chain}`;
    if (rule === undefined) return `${place}: no rule decides about it, its policy does`;
    return `${place}, rule ${rule.number}: ${rule.text}${element === undefined || !rule.text.includes("@") ? "" : ` (element ${element})`}`;
}
