import type { FirewallInputs, FirewallOutputs } from "./inputs.js";
import { type ParsedTable, SET_NAMES, TIMED_SET_NAMES } from "../../../core/nftables/index.js";
import type { Answers, Observing } from "../../../core/protocol/steps.js";
import { parseDifferingElements } from "../../../core/protocol/elements.js";
import { linesOf } from "../../../core/protocol/table.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import { same } from "../changes.js";
import { count } from "../sentences.js";

/** What an apply would make of the table, but for the elements that grants put into its sets. */
export interface ExpectedTable {
    /** Hook, priority, policy and rules of each chain, as the kernel listed them after the last apply. */
    chains: Record<string, string[]>;
    /** Definition of each set; absent in the state of an older version. */
    sets?: Record<string, string>;
    /** Elements of the set `ours`: what the relay recorded. */
    interfaces: string[];
    /** Elements that may be in it or not: the text of the table lists them. Default: none. */
    listed?: string[];
}

/**
 * While the relay's key is rotated it has a second interface, and afterwards that one alone: it records them itself. The
 * interface of a key epoch that has ended is taken out of the set, and is back in it when the table is loaded again.
 */
export function expectedTable(
    inputs: FirewallInputs,
    outputs: FirewallOutputs,
    answer: Answers<Observing>,
): ExpectedTable {
    const recorded = linesOf(answer.guarded);
    const listed = [...new Set([String(inputs.interface), ...(inputs.interfaces ?? [])])].sort();
    return {
        chains: outputs.chains ?? {},
        ...(outputs.sets === undefined ? {} : { sets: outputs.sets }),
        interfaces: recorded.length === 0 ? listed : [...new Set(recorded)].sort(),
        listed,
    };
}

/** Differences between a table and what an apply would make of it. */
export function tableDrift(table: string, expected: ExpectedTable, live: ParsedTable, differing = ""): Drift[] {
    const dormant: Drift = {
        kind: "table flags",
        sentence: `the nftables table inet ${table} is dormant and filters nothing; ${REPAIR} loads it again`,
    };
    return [
        ...(live.flagged ? [dormant] : []),
        ...chainDrift(table, expected.chains, live.chains),
        ...(expected.sets === undefined ? [] : setDrift(table, expected.sets, live.definitions)),
        ...interfaceDrift(table, expected, live.sets[OURS]),
        ...elementDrift(table, differing),
        ...live.others.map((other): Drift => ({
            kind: "object",
            name: other,
            sentence: `${other} of table ${table} is unknown; ${REPAIR} removes it`,
        })),
    ];
}

/**
 * Elements of the table's auxiliary sets, which the relay fills from its own records and compares with those. What grants put
 * into their sets is theirs to tell, and so is the set of interfaces.
 */
function* elementDrift(table: string, differing: string): Generator<Drift> {
    for (const { sign, set, element } of parseDifferingElements(differing)) {
        if (set === OURS || ACCESS_SETS.includes(set)) continue;
        yield {
            kind: "object",
            name: `${set} ${element}`,
            sentence:
                sign === "-"
                    ? `${element} is missing in the set ${set} of table ${table}; ${REPAIR} adds it`
                    : `${element} in the set ${set} of table ${table} is unknown; ${REPAIR} removes it`,
        };
    }
}

/** What grants fill. */
const ACCESS_SETS: readonly string[] = [...SET_NAMES, ...TIMED_SET_NAMES];

/** The set of interfaces that the table guards. */
const OURS = "ours";

function* interfaceDrift(
    table: string,
    { interfaces: wanted, listed = [] }: ExpectedTable,
    live: string[] | undefined,
): Generator<Drift> {
    // A set that is gone is named as such.
    if (live === undefined) return;
    for (const name of wanted)
        if (!live.includes(name))
            yield {
                kind: "object",
                name: `${OURS} ${name}`,
                sentence: `${name} is missing in the set ${OURS} of table ${table}: its peers have no access; ${REPAIR} adds it`,
            };
    for (const name of live)
        if (!wanted.includes(name) && !listed.includes(name))
            yield {
                kind: "object",
                name: `${OURS} ${name}`,
                sentence: `${name} is in the set ${OURS} of table ${table} and is not an interface of this relay; ${REPAIR} removes it`,
            };
}

function* setDrift(table: string, before: Record<string, string>, now: Record<string, string>): Generator<Drift> {
    for (const set of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const [wanted, live] = [before[set], now[set]];
        if (wanted === live) continue;
        const problem =
            wanted === undefined
                ? `is unknown; ${REPAIR} removes it`
                : live === undefined
                  ? `is gone; ${REPAIR} loads it again`
                  : `was changed (${live} instead of ${wanted}); ${REPAIR} loads it again`;
        yield { kind: "set", name: set, sentence: `set ${set} of table ${table} ${problem}` };
    }
}

function* chainDrift(table: string, before: Record<string, string[]>, now: Record<string, string[]>): Generator<Drift> {
    for (const chain of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const wanted = before[chain];
        const live = now[chain];
        const is = (problem: string): Drift => ({
            kind: "chain",
            name: chain,
            sentence: `chain ${chain} of table ${table} ${problem}`,
        });
        if (wanted === undefined) yield is(`is unknown; ${REPAIR} removes it`);
        else if (live === undefined) yield is(`is gone; ${REPAIR} loads it again`);
        else if (!same(wanted, live)) {
            const missing = wanted.filter((rule) => !live.includes(rule)).length;
            const foreign = live.filter((rule) => !wanted.includes(rule)).length;
            const what = [
                missing > 0 ? `${count(missing, "rule")} missing` : "",
                foreign > 0 ? count(foreign, "foreign rule") : "",
            ]
                .filter(Boolean)
                .join(", ");
            yield is(`was changed (${what || "different order"}); ${REPAIR} loads it again`);
        }
    }
}
