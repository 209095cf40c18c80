import { asArray, asRecord, describeRule } from "../nftables/json.js";
import type { NamedSets } from "./conditions.js";
import { type Statement, statementsOf } from "./statements.js";

/** Where packets are looked at: which chain, and in which table. */
export interface Chain {
    family: string;
    table: string;
    name: string;
    /** Of a base chain. */
    hook?: string;
    type?: string;
    priority: number;
    policy: "accept" | "drop";
    /** Of a chain that looks at some interfaces only. */
    devices?: string[];
    rules: Rule[];
}

export interface Rule {
    /** From 1. */
    number: number;
    /** As `describeRule` writes it. */
    text: string;
    statements: Statement[];
}

/** All chains by "family table name". */
export type Chains = ReadonlyMap<string, Chain>;

export interface Ruleset {
    chains: Chains;
    /** Tables by "family name". */
    tables: ReadonlySet<string>;
    /** Elements of sets, by "family table set". */
    sets: ReadonlyMap<string, readonly unknown[]>;
}

export function chainKey({ family, table }: Pick<Chain, "family" | "table">, name: string): string {
    return `${family} ${table} ${name}`;
}

/**
 * What `nft -j list ruleset` prints, or `nft -j list table` of each table (libnftables-json(5)), ready to be asked what becomes of packets.
 *
 * @param ours names of the relay's interfaces
 */
export function parseRuleset(documents: readonly unknown[], ours: ReadonlySet<string>): Ruleset {
    const objects = documents
        .flatMap((document) => asArray(asRecord(document)?.["nftables"]) ?? [])
        .map((object) => asRecord(object) ?? {});
    const named = (kind: string): Named[] =>
        objects.flatMap((object) => (asRecord(object[kind]) as Named | undefined) ?? []);
    const sets = new Map([...named("set"), ...named("map")].map((set) => [chainKey(set, set.name), set.elem ?? []]));
    const chains = new Map(named("chain").map((chain) => [chainKey(chain, chain.name), chainOf(chain)]));
    const dormant = new Set(named("table").filter(isDormant).map(tableKey));
    for (const rule of named("rule")) {
        const chain = chains.get(chainKey(rule, rule.chain));
        if (chain === undefined) continue;
        const own = { sets: setsOf(sets, rule), ours };
        const statements = statementsOf(asArray(rule.expr) ?? [], own);
        chain.rules.push({ number: chain.rules.length + 1, text: describeRule(rule.expr), statements });
    }
    // A dormant table filters nothing.
    const awake = [...chains].filter(([, chain]) => !dormant.has(`${chain.family} ${chain.table}`));
    return { chains: new Map(awake), tables: new Set(named("table").map(tableKey)), sets };
}

interface Named {
    family: string;
    table: string;
    name: string;
    chain: string;
    expr?: unknown;
    elem?: unknown[];
    hook?: string;
    type?: string;
    prio?: number;
    policy?: string;
    dev?: string | string[];
    flags?: unknown;
}

/** A table that a program owns filters like any other. What nft 1.0.6 writes for flags is a word of its memory. */
function isDormant({ flags }: Named): boolean {
    return flags !== undefined && ![flags].flat().every((flag) => flag === "owner" || flag === "persist");
}

function tableKey({ family, name }: Named): string {
    return `${family} ${name}`;
}

function setsOf(all: ReadonlyMap<string, readonly unknown[]>, { family, table }: Named): NamedSets {
    return {
        get: (name: string) => all.get(`${family} ${table} ${name}`),
    } as NamedSets;
}

function chainOf({ family, table, name, hook, type, prio, policy, dev }: Named): Chain {
    const isLegacy = table.endsWith(LEGACY);
    const kind = table.slice(0, -LEGACY.length);
    return {
        ...{ family, table, name, rules: [] },
        priority: prio ?? (isLegacy ? legacyPriority(kind, hook) : 0),
        policy: policy === "drop" ? "drop" : "accept",
        ...(hook === undefined ? {} : { hook, type: type ?? (isLegacy && kind === "nat" ? "nat" : "filter") }),
        ...(dev === undefined ? {} : { devices: [dev].flat() }),
    };
}

/** The tables of iptables-legacy have no priority of their own (`legacyRuleset`): the kernel's are these. */
const LEGACY = " (iptables-legacy)";

function legacyPriority(table: string, hook = ""): number {
    if (table === "nat") return hook === "prerouting" || hook === "output" ? -100 : 100;
    return { raw: -300, mangle: -150, security: 50 }[table] ?? 0;
}
