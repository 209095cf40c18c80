import { type Access, expand, parseRule } from "../../core/access/index.js";
import { familyOf } from "../../core/addresses/index.js";
import type { Difference, Wire } from "../../core/flows/index.js";
import { type Box, isWithin, PROTOCOLS, type Range } from "../../core/flows/packet.js";
import { ownedBy, rangeFor } from "../../core/flows/wire.js";
import type { SentPacket } from "../lab/packets.js";
import { type Name, TEAM } from "../unit/core/flows/programs.js";
import { HOSTS_BEHIND, INTERNET, MACHINE, RELAY_AT } from "./realRelay.js";

/** Which packets are sent through a relay: from everybody to everybody, on both sides of each limit that a program names. */

/** Of protocols that nobody uses. */
const FIRST_OTHER = 143;
const OTHERS = 100;
const NAMES = Object.keys(TEAM) as Name[];
const BEHIND = Object.values(HOSTS_BEHIND);
const OWN4 = NAMES.map((name) => TEAM[name].address);
const OWN6 = NAMES.map((name) => TEAM[name].address6);
const LANHOST = "192.168.50.10";

type Pair = Pick<SentPacket, "from" | "src" | "dst">;

/** Each peer and the networks behind it, the relay, others who route to the tunnel, and senders with an address of somebody else. */
const PAIRS: Pair[] = [
    ...NAMES.flatMap((name) => [
        ...among(name, TEAM[name].address, [RELAY_AT.address, MACHINE, INTERNET, LANHOST, ...BEHIND, ...OWN4]),
        ...among(name, TEAM[name].address6, [RELAY_AT.address6, ...OWN6]),
        ...among(name, HOSTS_BEHIND[name], [RELAY_AT.address, INTERNET, LANHOST, ...BEHIND, ...OWN4]),
    ]),
    ...[TEAM.alice.address, HOSTS_BEHIND.nas].flatMap((src) => among("bob", src, [RELAY_AT.address, LANHOST, ...OWN4])),
    ...among("alice", TEAM.bob.address, [RELAY_AT.address, LANHOST, ...BEHIND, ...OWN4]),
    ...among("relay", RELAY_AT.address, [...BEHIND, ...OWN4]),
    ...among("relay", RELAY_AT.address6, OWN6),
    ...among("outside", "198.51.100.66", [RELAY_AT.address, MACHINE, ...BEHIND, ...OWN4]),
    ...among("outside", TEAM.alice.address, [RELAY_AT.address, ...BEHIND, ...OWN4]),
    ...among("outside", "2001:db8:100::66", [RELAY_AT.address6, ...OWN6]),
    ...among("lanhost", LANHOST, [RELAY_AT.address, ...BEHIND, ...OWN4]),
];

/** What a sender sends to itself does not leave its machine. */
function among(from: Name | "relay" | "outside" | "lanhost", src: string | undefined, all: string[]): Pair[] {
    const own = from in TEAM ? [...Object.values(TEAM[from as Name]), HOSTS_BEHIND[from as Name]] : [];
    return src === undefined
        ? []
        : all.filter((dst) => dst !== src && !own.includes(dst)).map((dst) => ({ from, src, dst }));
}

let sent = 0;

/** Whether it is neither TCP, UDP nor a ping, and so nobody answers. */
export function isOther({ proto }: Pick<SentPacket, "proto">): boolean {
    return proto >= FIRST_OTHER;
}

/**
 * A protocol without ports, so that connection tracking takes whatever comes back for an answer: each program has its own, and it is sent one
 * way only. Of what is masqueraded nothing else would tell the senders apart.
 */
function otherProtocol({ src, dst }: Pair, sport: number): number[] {
    if (dst === LANHOST && src !== OWN4[sport % OWN4.length]) return [];
    return src < dst === sport % 4 < 2 ? [FIRST_OTHER + (sport % OTHERS)] : [];
}

/** @param sport a number that no program before had */
export function packetsFor(access: Access, sport: number): SentPacket[] {
    const ports = portsIn(access);
    return PAIRS.flatMap((pair) => {
        const ping = familyOf(pair.src) === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmp6;
        const asked = [
            ...[PROTOCOLS.tcp, PROTOCOLS.udp].flatMap((proto) => ports.map((dport) => ({ proto, dport }))),
            ...[ping, ...otherProtocol(pair, sport)].map((proto) => ({ proto, dport: 0 })),
        ];
        return asked.map((each): SentPacket => ({ ...pair, ...each, sport, id: (sent += 1) }));
    });
}

/** The same flow once more, as a packet of its own. */
export function again(packet: SentPacket): SentPacket {
    return { ...packet, id: (sent += 1) };
}

const MOST_PORTS = 8;

/** Some that services have, and those on both sides of the limits of rules, or as many of them. */
function portsIn(access: Access): number[] {
    const limits = Object.values(expand(access))
        .flat()
        .flatMap((text) => {
            const { first, last = first } = parseRule(text).ports;
            return first === undefined || last === undefined ? [] : [first - 1, first, last, last + 1];
        });
    const sorted = [...new Set([22, 8443, ...limits])].filter(isSendable).sort((a, b) => a - b);
    const step = Math.max(1, sorted.length / MOST_PORTS);
    return sorted.filter((_port, index) => Math.floor(index % step) === 0).slice(0, MOST_PORTS);
}

/** Above are the senders' own ports, and those of WireGuard. */
function isSendable(port: number): boolean {
    return port > 0 && port < 20_000;
}

/** A packet of those that a difference is about; undefined where nobody is there to send or to receive one. */
export function exampleOf({ flow, part }: Difference, sport: number, wire: Wire): SentPacket | undefined {
    const { source, destination, box, family } = flow;
    const [proto] = box.proto.map(Number) as [number, number];
    const dport = Math.max(1, Number(box.dport[0]));
    const ping = family === 4 ? 8 : 128;
    const isAskable = isSent(box) && isWithin([sport, sport], box.sport) && isSendable(dport);
    if (part === "established" || !isAskable || !isWithin([ping, ping], box.type)) return undefined;
    const owned = ownedBy(wire.peers, family);
    const [device = ""] = wire.interfaces;
    const pair = PAIRS.find(({ from, src, dst }) => {
        if (familyOf(src) !== family || placeOf(dst, device) !== placeText(destination)) return false;
        const [saddr, daddr] = [src, dst].map(rangeFor) as [Range, Range];
        const sender = from in TEAM ? owned.find(({ range }) => isWithin(saddr, range))?.name : from;
        const isThere = sender === from && senderPlace(from, device) === placeText(source);
        return isThere && isWithin(saddr, box.saddr) && isWithin(daddr, box.daddr);
    });
    if (pair === undefined) return undefined;
    const hasPorts = proto === PROTOCOLS.tcp || proto === PROTOCOLS.udp;
    const [asked] = isOne(box) ? [proto] : otherProtocol(pair, sport);
    return asked === undefined
        ? undefined
        : again({ ...pair, proto: asked, sport, dport: hasPorts ? dport : 0, id: 0 });
}

function placeText(place: Difference["flow"]["source"] | Difference["flow"]["destination"]): string {
    return "interface" in place ? place.interface : "machine" in place ? "machine" : "relay";
}

function senderPlace(from: string, device: string): string {
    return from in TEAM ? device : ({ outside: "wan", lanhost: "lan" }[from] ?? from);
}

function placeOf(dst: string, device: string): string {
    if (Object.values(RELAY_AT).includes(dst)) return "relay";
    return { [MACHINE]: "machine", [INTERNET]: "wan", [LANHOST]: "lan" }[dst] ?? device;
}

function isOne({ proto: [low, high] }: Box): boolean {
    return low === high;
}

function isSent(box: Box): boolean {
    const [proto] = box.proto;
    const isNamed = isOne(box) && Object.values<unknown>(PROTOCOLS).includes(proto);
    return isNamed || isWithin([FIRST_OTHER, FIRST_OTHER + OTHERS], box.proto);
}
