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
/** Of the translation of destinations, and so of answers back to where the question came from. */
const TRANSLATION = -100;

/** At one hook. */
type Translatable = Passage & { isTranslated?: boolean };

/** Asks the base chains of hooks in the kernel's order: an accept ends the chain alone, a drop ends the packet. */
export class Hooks {
    private readonly byHook = new Map<string, Chain[]>();

    constructor(private readonly ruleset: Ruleset) {
        for (const chain of ruleset.chains.values())
            if (chain.hook !== undefined) this.byHook.set(chain.hook, [...(this.byHook.get(chain.hook) ?? []), chain]);
        for (const chains of this.byHook.values()) chains.sort((a, b) => a.priority - b.priority);
    }

    /**
     * @param part of the hook's chains: those that see an answer before it is translated back, or the others. Default: all of them
     * @throws Split where the packets part
     */
    pass(hook: Hook, passages: readonly Passage[], part?: "before translation" | "after translation"): Passage[] {
        let found: Translatable[] = [...passages];
        for (const chain of this.byHook.get(hook) ?? []) {
            if (part !== undefined && chain.priority < TRANSLATION !== (part === "before translation")) continue;
            if (!found.some(({ verdict }) => verdict === "accept")) break;
            found = found.flatMap((passage) => (passage.verdict === "drop" ? [passage] : this.through(chain, passage)));
        }
        return found.map(({ isTranslated: _, ...passage }) => passage);
    }

    private through(chain: Chain, passage: Translatable): Translatable[] {
        const { packet } = passage;
        if (!concerns(chain, packet)) return [passage];
        // Addresses are translated by what the first packet of a connection met; the answer is translated back by the kernel itself.
        const isNat = chain.type === "nat";
        const isAsked = packet.direction === "original" && packet.state !== "untracked";
        // The first chain of a hook that translates a packet is the last one that is asked.
        if (isNat && (!isAsked || passage.isTranslated === true)) return [passage];
        // Before it is tracked a packet is in no state: nft calls that invalid.
        const isEarly = isBeforeTracking(chain) && packet.state !== "untracked";
        const asked: Packet = isNat || isEarly ? { ...packet, state: isNat ? "new" : "invalid" } : packet;
        return follow(chain, asked, this.ruleset.chains).map((outcome) => {
            // What it drops is the first packet of a connection: one that exists was not dropped.
            if (isNat && packet.state === "established" && outcome.verdict === "drop") return passage;
            const isTranslated = isNat && outcome.packet.box !== asked.box;
            return { ...added(passage, outcome, chain), ...(isTranslated ? { isTranslated } : {}) };
        });
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
