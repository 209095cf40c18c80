import { chosen, type Flow, isAboutUs, keyOf, meets, type Place, type Ruleset } from "./conditions.js";
import { asArray, asRecord } from "./json.js";

/** What becomes of every packet of a kind in a chain; "some" are dropped where a rule about them has further conditions. */
export interface Verdict {
    kind: "accept" | "drop" | "continue";
    /** Where it is not certain, because a condition is not known: what may also happen to some of them. */
    some: Set<"accept" | "drop">;
    /** The verdict's rule is the last one of its chain, without any condition. */
    atEnd?: boolean;
}

/**
 * Follows a kind of packet through a chain and those that it jumps to.
 *
 * @param about whether a condition that led here names what is the relay's
 */
export function follow(flow: Flow, place: Place, ruleset: Ruleset, about = false, depth = 0): Verdict {
    const some = new Set<"accept" | "drop">();
    const rules = ruleset.chains.get(keyOf(place, place.chain)) ?? [];
    for (const [index, { expr }] of rules.entries()) {
        const end = new RuleWalk(flow, place, ruleset, depth, some, about).run(asArray(expr) ?? []);
        if (end === undefined) continue;
        if (end.kind === "return") break;
        return { kind: end.kind, some, atEnd: end.bare && index === rules.length - 1 };
    }
    return { kind: "continue", some };
}

interface End {
    kind: "accept" | "drop" | "continue" | "return";
    /** Without a condition before it. */
    bare: boolean;
}

/** One rule, statement by statement. */
class RuleWalk {
    /** Every condition so far is met for certain. */
    private certain = true;
    /** There was no condition so far. */
    private bare = true;

    constructor(
        private readonly flow: Flow,
        private readonly place: Place,
        private readonly ruleset: Ruleset,
        private readonly depth: number,
        private readonly some: Set<"accept" | "drop">,
        /** A condition names what is the relay's. */
        private ours: boolean,
    ) {}

    /** @returns undefined when the packet goes on to the next rule */
    run(statements: unknown[]): End | undefined {
        for (const statement of statements) {
            const [kind = "", body] = Object.entries(asRecord(statement) ?? {})[0] ?? [];
            const end = this.step(kind, asRecord(body));
            if (end === "over") return undefined;
            if (end !== undefined) return end;
        }
        return undefined;
    }

    /** @returns "over" when the rule says nothing of this packet; undefined when its next statement counts */
    private step(kind: string, body: Record<string, unknown> | undefined): End | "over" | undefined {
        switch (kind) {
            case "match":
                return this.match(body ?? {}) ? undefined : "over";
            case "accept":
                return this.settle("accept") ?? "over";
            case "drop":
            case "reject":
                return this.settle("drop") ?? "over";
            case "return":
                return this.certain ? { kind: "return", bare: this.bare } : "over";
            case "jump":
            case "goto":
                return this.jump(String(body?.["target"]), kind === "goto");
            case "vmap":
                return this.choose(body);
            case "limit":
            case "quota":
            case "xt":
            case "queue":
                this.bare = false;
                this.certain = false;
                return undefined;
            default:
                return undefined;
        }
    }

    /** @returns whether the packet may meet the condition */
    private match(body: Record<string, unknown>): boolean {
        this.bare = false;
        const met = meets(body, this.flow, this.place, this.ruleset);
        if (met === false) return false;
        if (met === undefined) this.certain = false;
        if (isAboutUs(body, met, this.flow, this.place, this.ruleset)) this.ours = true;
        return true;
    }

    private settle(kind: "accept" | "drop"): End | undefined {
        if (this.certain) return { kind, bare: this.bare };
        // Of the tunnel itself any condition may be the one that lets it in.
        if (this.ours || (kind === "accept" && this.flow.udp !== undefined)) this.some.add(kind);
        return undefined;
    }

    private jump(target: string, isGoto: boolean): End | undefined {
        if (this.depth > MOST_JUMPS) return undefined;
        const place = { ...this.place, chain: target };
        const inner = follow(this.flow, place, this.ruleset, this.ours, this.depth + 1);
        for (const each of inner.some) this.some.add(each);
        if (inner.kind !== "continue") return this.settle(inner.kind);
        return isGoto && this.certain ? { kind: "return", bare: false } : undefined;
    }

    /** The verdict that a map has for the packet counts as the rule's own. */
    private choose(body: Record<string, unknown> | undefined): End | "over" | undefined {
        this.bare = false;
        const verdict = chosen(body, this.flow, this.place, this.ruleset);
        if (verdict === undefined) this.certain = false;
        return verdict === undefined || verdict === null ? undefined : (this.run([verdict]) ?? "over");
    }
}

const MOST_JUMPS = 16;
