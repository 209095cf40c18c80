import type { Packet } from "./packet.js";
import type { Chain, Ruleset } from "./ruleset.js";
import { type Cause, follow, type Outcome } from "./walk.js";

/** Where the kernel asks base chains. */
export type Hook = "ingress" | "prerouting" | "input" | "forward" | "output" | "postrouting" | "egress";

/** What may become of packets at one hook, or at several, one after another. */
export interface Passage {
    verdict: "accept" | "drop";
    packet: Packet;
    /** What accepted it in each base chain, or what dropped it in the last one. */
    by: readonly Cause[];
    doubts: readonly Cause[];
}

/** Of connection tracking: it comes after a chain of a lower priority. */
const TRACKING = -200;

/** Asks the base chains of hooks in the kernel's order: an accept ends the chain alone, a drop ends the packet. */
export class Hooks {
    private readonly byHook = new Map<string, Chain[]>();

    constructor(private readonly ruleset: Ruleset) {
        for (const chain of ruleset.chains.values())
            if (chain.hook !== undefined) this.byHook.set(chain.hook, [...(this.byHook.get(chain.hook) ?? []), chain]);
        for (const chains of this.byHook.values()) chains.sort((a, b) => a.priority - b.priority);
    }

    /** @throws Split where the packets part */
    pass(hook: Hook, passages: readonly Passage[]): Passage[] {
        let found = [...passages];
        for (const chain of this.byHook.get(hook) ?? []) {
            if (!found.some(({ verdict }) => verdict === "accept")) break;
            found = found.flatMap((passage) => (passage.verdict === "drop" ? [passage] : this.through(chain, passage)));
        }
        return found;
    }

    private through(chain: Chain, passage: Passage): Passage[] {
        const { packet } = passage;
        if (!concerns(chain, packet)) return [passage];
        // Addresses are translated by what the first packet of a connection met; the answer is translated back by the kernel itself.
        const isNat = chain.type === "nat";
        if (isNat && (packet.direction === "reply" || packet.state === "untracked")) return [passage];
        // Before it is tracked a packet is in no state: nft calls that invalid.
        const isEarly = isBeforeTracking(chain) && packet.state !== "untracked";
        const asked: Packet = isNat || isEarly ? { ...packet, state: isNat ? "new" : "invalid" } : packet;
        return follow(chain, asked, this.ruleset.chains).map((outcome) => added(passage, outcome, chain));
    }
}

function concerns({ family, hook, devices }: Chain, packet: Packet): boolean {
    if (family === "ip" || family === "ip6") return (family === "ip") === (packet.family === 4);
    if (family === "inet" && devices === undefined) return true;
    if (family !== "inet" && family !== "netdev") return false;
    const device = hook === "egress" ? packet.oif : packet.iif;
    return device !== undefined && devices?.includes(device) === true;
}

function isBeforeTracking({ hook = "", priority }: Chain): boolean {
    return hook === "ingress" || ((hook === "prerouting" || hook === "output") && priority < TRACKING);
}

function added({ packet, by, doubts }: Passage, outcome: Outcome, chain: Chain): Passage {
    // Later than that nothing can be left out of tracking.
    const state = isBeforeTracking(chain) && outcome.packet.state === "untracked" ? "untracked" : packet.state;
    return {
        verdict: outcome.verdict,
        packet: { ...outcome.packet, state },
        by: outcome.verdict === "drop" ? [outcome.by] : [...by, outcome.by],
        doubts: outcome.doubts.length === 0 ? doubts : [...doubts, ...outcome.doubts],
    };
}
