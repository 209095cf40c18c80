import { type Family, familyOf } from "../addresses/index.js";
import type { Hooks, Hook, Passage } from "./hooks.js";
import { type Box, mirror, NO_INTERFACE, type Packet, type Range, type Ternary, within } from "./packet.js";
import type { Cause } from "./walk.js";
import { ownedBy, rangeFor, type Wire } from "./wire.js";

/** Where a flow begins: behind an interface, or on the relay itself. */
export type Source = { interface: string } | { relay: true };

/** Where it goes to: the relay's own address in the tunnel, another address of the machine, or through an interface. */
export type Destination = { relay: true } | { machine: true } | { interface: string };

/** Which packets of a flow are asked about. */
export type Part = "new" | "established" | "reply";

export interface Flow {
    family: Family;
    source: Source;
    destination: Destination;
    box: Box;
}

/** What becomes of packets on their way through the relay. */
export interface Passed {
    /** undefined: it depends on what is not understood. */
    passes: Ternary;
    /** What accepts them, hook by hook, or what drops them. */
    by: readonly Cause[];
    doubts: readonly Cause[];
    /** As they leave. */
    packets: readonly Packet[];
}

/** Types of ICMP that ask a question, with that of the answer. */
const ANSWERS: Record<number, number> = { 8: 0, 13: 14, 15: 16, 17: 18, 128: 129 };

/** A relay's packets on their way through the hooks of netfilter. */
export class Paths {
    private readonly hooks: Hooks;
    private readonly own: Record<Family, Range[]>;
    /** Addresses that only the relay's own interfaces have. */
    private readonly inside: Record<Family, Range[]>;
    private readonly peers: Record<Family, { interface: string; range: Range }[]>;

    constructor(hooks: Hooks, wire: Wire) {
        this.hooks = hooks;
        const of = (family: Family, cidrs: readonly string[]): Range[] =>
            cidrs.filter((each) => familyOf(each) === family).map(rangeFor);
        const inside = [...wire.subnets, ...wire.own];
        this.own = { 4: of(4, wire.own), 6: of(6, wire.own) };
        this.inside = { 4: of(4, inside), 6: of(6, inside) };
        this.peers = { 4: ownedBy(wire.peers, 4), 6: ownedBy(wire.peers, 6) };
    }

    /** @throws Split where the packets part */
    passed(flow: Flow, part: Part): Passed {
        if (part !== "reply") return summary(this.there(flow, part));
        const there = summary(this.there(flow, "established"));
        if (there.passes === false) return there;
        return summary(there.packets.flatMap((packet) => this.back(flow, packet)));
    }

    private there({ family, source, destination, box }: Flow, state: "new" | "established"): Passage[] {
        const packet: Packet = {
            ...{ family, box, state, mark: 0, mirrored: false, natted: false },
            direction: "original",
            iif: "interface" in source ? source.interface : NO_INTERFACE,
            oif: NO_INTERFACE,
            flags: state === "new" ? ["syn"] : ["ack"],
            local: "interface" in destination ? false : true,
        };
        if ("relay" in source) return this.sent([accepted(packet)], destination);
        return this.received(this.along(["ingress", "prerouting"], [accepted(packet)]), destination);
    }

    /** The answer to packets that arrived as `packet`. */
    private back({ source, destination, box }: Flow, packet: Packet): Passage[] {
        const answered = mirror({ ...box, ...known(packet, "daddr"), ...known(packet, "dport") });
        const { type } = box;
        const reply: Packet = {
            ...packet,
            box: {
                ...answered,
                ...(packet.box.daddr === undefined ? { saddr: undefined } : {}),
                ...(packet.box.dport === undefined ? { sport: undefined } : {}),
                ...(type[0] === type[1] ? { type: pointOf(ANSWERS[Number(type[0])] ?? Number(type[0])) } : {}),
            },
            ...{ flags: ["syn", "ack"], mirrored: true, mark: 0 },
            // Of what is not tracked the kernel knows no answer.
            ...(packet.state === "untracked"
                ? { state: "new", direction: "original" }
                : { state: "established", direction: "reply" }),
            iif: "interface" in destination ? destination.interface : NO_INTERFACE,
            oif: NO_INTERFACE,
            local: "relay" in source,
        };
        if (!("interface" in destination)) return this.sent([accepted(reply)], source);
        const arrived =
            packet.box.saddr === undefined
                ? this.translatedBack(reply)
                : this.along(["ingress", "prerouting"], [accepted(reply)]);
        return this.delivered(arrived, source);
    }

    /** The answer to a flow that was masqueraded goes to an address of the machine until it is translated back. */
    private translatedBack(reply: Packet): Passage[] {
        const { daddr, dport } = reply.box;
        const box = { ...reply.box, daddr: undefined, dport: undefined };
        const toMachine: Packet = { ...reply, local: true, box, notTo: this.inside[reply.family] };
        const before = this.hooks.pass("ingress", [accepted(toMachine)]);
        const after = this.hooks.pass("prerouting", before, "before translation").map((passage) => {
            const { notTo: _, ...packet } = passage.packet;
            return { ...passage, packet: { ...packet, local: reply.local, box: { ...packet.box, daddr, dport } } };
        });
        return this.hooks.pass("prerouting", after, "after translation");
    }

    private along(hooks: readonly Hook[], passages: readonly Passage[]): Passage[] {
        return hooks.reduce<Passage[]>((found, hook) => this.hooks.pass(hook, found), [...passages]);
    }

    /** By the relay's own programs. */
    private sent(passages: readonly Passage[], to: Destination | Source): Passage[] {
        const oif = "interface" in to ? to.interface : undefined;
        const out = passages.map((passage) => ({ ...passage, packet: { ...passage.packet, oif } }));
        return this.along(["output", "postrouting", "egress"], out);
    }

    /** Where they go after their destination was translated, or not. */
    private received(passages: readonly Passage[], destination: Destination): Passage[] {
        return passages.flatMap((passage) => {
            const { packet, verdict } = passage;
            if (verdict === "drop") return [passage];
            const isTranslated = packet.natted && packet.mirrored === false;
            const places = isTranslated ? this.placesOf(packet) : [destination];
            return places.flatMap((place) => this.delivered([passage], place));
        });
    }

    private delivered(passages: readonly Passage[], place: Destination | Source): Passage[] {
        const local = !("interface" in place);
        const oif = local ? NO_INTERFACE : place.interface === UNKNOWN ? undefined : place.interface;
        const routed = passages.map((passage) => ({ ...passage, packet: { ...passage.packet, local, oif } }));
        return this.along(local ? ["input"] : ["forward", "postrouting", "egress"], routed);
    }

    /** Where a translated packet may go. */
    private placesOf(packet: Packet): Destination[] {
        const { family, local } = packet;
        if (local === true) return [{ relay: true }];
        if (packet.box.daddr === undefined) return [{ relay: true }, { interface: UNKNOWN }];
        if (this.own[family].some((range) => within(packet, "daddr", range))) return [{ relay: true }];
        const peer = this.peers[family].find(({ range }) => within(packet, "daddr", range));
        return peer === undefined ? [{ machine: true }, { interface: UNKNOWN }] : [{ interface: peer.interface }];
    }
}

/** In place of the name of an interface. */
const UNKNOWN = "(unknown)";

function accepted(packet: Packet): Passage {
    return { verdict: "accept", packet, by: [], doubts: [] };
}

function pointOf(value: number): Range {
    return [value, value];
}

function known(packet: Packet, dim: "daddr" | "dport"): Partial<Box> {
    const range = packet.box[dim];
    return range === undefined ? {} : { [dim]: range };
}

function summary(passages: readonly Passage[]): Passed {
    const accepted = passages.filter(({ verdict }) => verdict === "accept");
    const all = accepted.length === passages.length;
    const shown = accepted[0] ?? passages[0];
    return {
        passes: all ? true : accepted.length === 0 ? false : undefined,
        by: shown?.by ?? [],
        doubts: [...new Set(passages.flatMap(({ doubts }) => doubts))],
        packets: accepted.map(({ packet }) => packet),
    };
}
