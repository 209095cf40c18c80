import { familyOf } from "../../core/addresses/index.js";
import type { Live } from "../../core/flows/index.js";
import { Hooks } from "../../core/flows/hooks.js";
import { type Box, isWithin, PROTOCOLS } from "../../core/flows/packet.js";
import { type Destination, type Flow, type Part, type Passed, Paths, type Source } from "../../core/flows/path.js";
import { ownedBy, rangeFor } from "../../core/flows/wire.js";
import type { SentPacket } from "../lab/packets.js";
import { LAN } from "../unit/core/flows/programs.js";
import { isOther } from "./questions.js";
import { HOSTS_BEHIND, MACHINE, RELAY_AT, type RealRelay } from "./realRelay.js";

/** What is computed of a packet; what is undefined is not known. */
export interface Forecast {
    arrived: boolean | undefined;
    /** Where, if it arrives; undefined where an address is translated. */
    at: string | undefined;
    answered: boolean | undefined;
}

const NOWHERE: Forecast = { arrived: false, at: undefined, answered: false };

/** Says what becomes of packets by what a relay says of itself: who has which addresses on its interface, and its rules. */
export class Forecaster {
    private readonly paths: Paths;
    private readonly owned;

    constructor(
        private readonly relay: RealRelay,
        private readonly live: Live,
    ) {
        this.paths = new Paths(new Hooks(live.ruleset), live.wire);
        this.owned = { 4: ownedBy(live.wire.peers, 4), 6: ownedBy(live.wire.peers, 6) };
    }

    /** @param part whether it begins a connection, or belongs to one that passed before */
    of(packet: SentPacket, part: Exclude<Part, "reply"> = "new"): Forecast {
        const source = this.sourceOf(packet);
        const place = this.placeOf(packet);
        if (source === undefined || place === undefined) return NOWHERE;
        const flow: Flow = { family: familyOf(packet.src), source, destination: place.destination, box: boxOf(packet) };
        const there = this.paths.passed(flow, part);
        if (there.passes === false) return NOWHERE;
        const arrived = there.passes;
        if (isTranslated(there, flow.box)) return { arrived, at: undefined, answered: undefined };
        return { arrived, at: place.host, answered: this.answeredTo(packet, flow, place.host) };
    }

    private answeredTo(packet: SentPacket, flow: Flow, at: string): boolean | undefined {
        const { hosts } = this.relay;
        if (isOther(packet) || (at !== "relay" && !hosts[at]!.own.includes(packet.dst))) return false;
        // To whom a forged address is answered is another question, and so is an answer to what does not go on after it.
        const isForged = packet.from !== "relay" && !hosts[packet.from]!.own.includes(packet.src);
        // Peers have a way of their own to the network that carries the tunnel.
        const isBeside = packet.from === "outside" && at !== "relay";
        if (isForged || isBeside || this.paths.passed(flow, "established").passes !== true) return undefined;
        return this.paths.passed(flow, "reply").passes;
    }

    /** Whose packets come from an address of the tunnel; undefined for nobody's. */
    private ownerOf(address: string): string | undefined {
        const range = rangeFor(address);
        return this.owned[familyOf(address)].find((each) => isWithin(range, each.range))?.name;
    }

    private sourceOf({ from, src }: SentPacket): Source | undefined {
        if (from === "relay") return { relay: true };
        if (from === "outside" || from === "lanhost") return { interface: from === "outside" ? "wan" : "lan" };
        return this.ownerOf(src) === from ? { interface: this.relay.device } : undefined;
    }

    private placeOf({ dst }: SentPacket): { destination: Destination; host: string } | undefined {
        const [device = ""] = this.live.wire.interfaces;
        if (Object.values(RELAY_AT).includes(dst)) return { destination: { relay: true }, host: "relay" };
        if (dst === MACHINE) return { destination: { machine: true }, host: "relay" };
        const inside = dst.startsWith("10.8.") || dst.startsWith("fd00:") || Object.values(HOSTS_BEHIND).includes(dst);
        if (!inside) {
            const isLan = isWithin(rangeFor(dst), rangeFor(LAN));
            return { destination: { interface: isLan ? "lan" : "wan" }, host: isLan ? "lanhost" : "outside" };
        }
        const host = this.ownerOf(dst);
        return host === undefined ? undefined : { destination: { interface: device }, host };
    }
}

/** The one packet as the evaluator has it. */
export function boxOf({ src, dst, proto, sport, dport }: SentPacket): Box {
    const isPing = proto === PROTOCOLS.icmp || proto === PROTOCOLS.icmp6;
    const [from, to, type] = isPing ? [0, 0, proto === PROTOCOLS.icmp ? 8 : 128] : [sport, dport, 0];
    return {
        ...{ saddr: rangeFor(src), daddr: rangeFor(dst), proto: [proto, proto] },
        ...{ sport: [from, from], dport: [to, to], type: [type, type] },
    };
}

/** A source alone, as of what leaves for a network behind the relay, changes nothing about where it arrives. */
function isTranslated({ packets }: Passed, box: Box): boolean {
    return packets.some(({ box: { daddr, dport } }) => daddr?.[0] !== box.daddr[0] || dport?.[0] !== box.dport[0]);
}
