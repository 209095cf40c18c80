import { chainKey, type Chain, type Chains, type Rule } from "./ruleset.js";
import { attempted, type Packet, Split } from "./packet.js";
import type { Verdict } from "./statements.js";

/** What decides about packets: a rule, with the element of a set that they are in, or the policy of a base chain. */
export interface Cause {
    family: string;
    table: string;
    chain: string;
    /** Number and text; absent: the chain's policy. */
    rule?: { number: number; text: string };
    element?: string;
}

/** What may become of packets in one base chain. */
export interface Outcome {
    verdict: "accept" | "drop";
    packet: Packet;
    by: Cause;
    /** Rules of which it is not known whether they apply. */
    doubts: readonly Cause[];
}

/** Where a packet is, and where it goes on after the end of each chain that it jumped to. */
interface Place {
    chain: Chain;
    index: number;
    back: Place | undefined;
    depth: number;
}

/** How a rule may end for packets; several ways where it is not known which. */
interface Ending {
    verdict: Verdict | undefined;
    packet: Packet;
    element?: string;
}

/** The kernel refuses a ruleset with more jumps. */
const MOST_JUMPS = 16;
/** Rules that cannot be decided double the ways to follow; after so many forks nothing is said to be certain. */
const MOST_FORKS = 256;

/**
 * Follows packets through a base chain and those that it jumps to. One outcome, unless there are rules that cannot be decided: then each
 * that is possible.
 *
 * @throws Split where the packets part
 */
export function follow(base: Chain, packet: Packet, chains: Chains): Outcome[] {
    return new Walk(base, chains).from({ chain: base, index: 0, back: undefined, depth: 0 }, packet, []);
}

class Walk {
    private forks = 0;

    constructor(
        private readonly base: Chain,
        private readonly chains: Chains,
    ) {}

    from(start: Place, packet: Packet, doubts: readonly Cause[]): Outcome[] {
        let place = start;
        for (;;) {
            const { chain, index, back } = place;
            const rule = chain.rules[index];
            if (rule === undefined) {
                if (back === undefined) return [{ verdict: this.base.policy, packet, by: causeOf(this.base), doubts }];
                place = back;
                continue;
            }
            const endings = endingsOf(rule, packet);
            if (endings.length > 1) return this.fork(place, rule, endings, doubts);
            const [ending] = endings as [Ending];
            packet = ending.packet;
            const next = this.after(place, rule, ending, doubts);
            if (Array.isArray(next)) return next;
            place = next;
        }
    }

    /** @returns outcomes, or where the packet goes on */
    private after(place: Place, rule: Rule, ending: Ending, doubts: readonly Cause[]): Outcome[] | Place {
        const { verdict, packet } = ending;
        const on: Place = { ...place, index: place.index + 1 };
        const by = causeOf(place.chain, rule, ending.element);
        const end = (kind: "accept" | "drop", changed = packet): Outcome => ({
            ...{ verdict: kind, packet: changed, by, doubts },
        });
        switch (verdict?.kind) {
            case undefined:
            case "continue":
                return on;
            case "accept":
            case "drop":
                return [end(verdict.kind)];
            case "nat":
                if (verdict.family !== undefined && verdict.family !== packet.family) return on;
                return [end("accept", verdict.change(packet))];
            case "any": {
                const unsure = [...doubts, by];
                if (this.isTooMuch()) return undecided(end("accept"), unsure);
                return [...undecided(end("accept"), unsure), ...this.from(on, packet, unsure)];
            }
            case "return":
                return this.returned(place, packet, doubts);
            case "jump":
            case "goto":
                return this.jump(place, verdict, on) ?? undecided(end("accept"), [...doubts, by]);
        }
    }

    private returned({ back }: Place, packet: Packet, doubts: readonly Cause[]): Outcome[] | Place {
        return back ?? [{ verdict: this.base.policy, packet, by: causeOf(this.base), doubts }];
    }

    /** undefined: the chain does not exist, as in an incomplete listing. */
    private jump(place: Place, verdict: Extract<Verdict, { target: string }>, on: Place): Place | undefined {
        const chain = this.chains.get(chainKey(place.chain, verdict.target));
        const depth = place.depth + 1;
        if (chain === undefined || depth > MOST_JUMPS) return undefined;
        return { chain, index: 0, back: verdict.kind === "goto" ? place.back : on, depth };
    }

    private fork(place: Place, rule: Rule, endings: readonly Ending[], doubts: readonly Cause[]): Outcome[] {
        const by = causeOf(place.chain, rule, endings.find(({ element }) => element !== undefined)?.element);
        const unsure = [...doubts, by];
        const first = endings[0] as Ending;
        if (this.isTooMuch()) return undecided({ verdict: "accept", packet: first.packet, by, doubts: unsure }, unsure);
        const outcomes = endings.flatMap((ending) => {
            const next = this.after(place, rule, ending, unsure);
            return Array.isArray(next) ? next : this.from(next, ending.packet, unsure);
        });
        return distinct(outcomes);
    }

    private isTooMuch(): boolean {
        return (this.forks += 1) > MOST_FORKS;
    }
}

function undecided(outcome: Outcome, doubts: readonly Cause[]): Outcome[] {
    return [
        { ...outcome, verdict: "accept", doubts },
        { ...outcome, verdict: "drop", doubts },
    ];
}

/** One outcome for each verdict on each form of the packet, with the doubts of all of them. */
function distinct(outcomes: readonly Outcome[]): Outcome[] {
    const found: Outcome[] = [];
    for (const outcome of outcomes) {
        const index = found.findIndex(
            ({ verdict, packet }) => verdict === outcome.verdict && isSame(packet, outcome.packet),
        );
        const same = found[index];
        if (same === undefined) found.push(outcome);
        else found[index] = { ...same, doubts: [...new Set([...same.doubts, ...outcome.doubts])] };
    }
    return found;
}

function isSame(a: Packet, b: Packet): boolean {
    const dims = ["saddr", "daddr", "sport", "dport"] as const;
    const boxes = dims.every((dim) => a.box[dim] === b.box[dim]);
    return boxes && a.mark === b.mark && a.state === b.state && a.local === b.local;
}

function causeOf({ family, table, name }: Chain, rule?: Rule, element?: string): Cause {
    return {
        ...{ family, table, chain: name },
        ...(rule === undefined ? {} : { rule: { number: rule.number, text: rule.text } }),
        ...(element === undefined ? {} : { element }),
    };
}

/** Whether packets certainly do not meet a condition, in a rule that changes nothing before it. */
function othersFail({ statements }: Rule, packet: Packet): boolean {
    const last = statements.findIndex(({ kind }) => kind === "change");
    return statements.slice(0, last < 0 ? undefined : last).some((statement) => {
        const found = statement.kind === "condition" ? attempted(() => statement.test(packet)) : undefined;
        return found !== undefined && !(found instanceof Split) && found.met === false;
    });
}

/** How a rule ends for packets. What it changes before a condition that is not met stays changed. */
function endingsOf(rule: Rule, packet: Packet): Ending[] {
    let changed = packet;
    let element: string | undefined;
    /** As packets are that may have gone on with the next rule already. */
    const gone = new Set<Packet>();
    const goneOn = (): Ending[] => [...gone].map((each) => ({ verdict: undefined, packet: each }));
    const ended = (...verdicts: (Verdict | undefined)[]): Ending[] => {
        const endings = verdicts.map((verdict) => ({
            ...{ verdict, packet: changed },
            ...(element === undefined ? {} : { element }),
        }));
        return [...endings, ...goneOn()];
    };
    for (const statement of rule.statements) {
        if (statement.kind === "change") changed = statement.change(changed);
        else if (statement.kind === "verdict") return ended(statement.verdict);
        else {
            const isMap = statement.kind === "map";
            const found = attempted(() => (isMap ? statement.choose(changed) : statement.test(changed)));
            if (found instanceof Split) {
                // Another condition that is certainly not met decides for all of them.
                if (othersFail(rule, changed)) {
                    gone.add(changed);
                    return goneOn();
                }
                throw found;
            }
            if (found.met !== true) gone.add(changed);
            if (found.met === false) return goneOn();
            element = found.element ?? element;
            if (isMap) return ended(...(found as { verdicts?: Verdict[] }).verdicts!);
        }
    }
    // Without a verdict only what it changes is left of a rule.
    gone.add(changed);
    return goneOn();
}
