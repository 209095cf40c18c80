import { asArray, asRecord, describeRule, elementText, words } from "./json.js";

/** A table as the kernel holds it, without what changes by itself. */
export interface ParsedTable {
    /** By chain: its hook first, then its rules in order, as text. Counter values and handles are left out. */
    chains: Record<string, string[]>;
    /** By set: its elements, sorted, in the words of `elementsOf`. */
    sets: Record<string, string[]>;
    /** By set: its type, flags and size, as text. Elements are left out. */
    definitions: Record<string, string>;
    /** Whether the table has a flag: a dormant table filters nothing. */
    flagged: boolean;
    /** What else is in it: "counter x", "flowtable y". */
    others: string[];
}

/**
 * Reads what `nft -j list table inet NAME` prints (libnftables-json(5)). The same table always gives the same result, and a table
 * loaded from our own text gives back the elements it was loaded with. undefined when there is no table in it.
 */
export function parseTable(json: unknown): ParsedTable | undefined {
    const objects = asArray(asRecord(json)?.["nftables"]) ?? [];
    const table = objects.map((object) => asRecord(asRecord(object)?.["table"])).find((found) => found !== undefined);
    if (table === undefined) return undefined;

    const chains = new Map<string, string[]>();
    const sets = new Map<string, string[]>();
    const definitions = new Map<string, string>();
    const others: string[] = [];
    for (const object of objects) {
        const chain = asRecord(asRecord(object)?.["chain"]);
        const rule = asRecord(asRecord(object)?.["rule"]);
        const set = asRecord(asRecord(object)?.["set"]) ?? asRecord(asRecord(object)?.["map"]);
        if (chain !== undefined) chains.set(words(chain, "name"), [describeHook(chain)]);
        if (rule !== undefined) chains.get(words(rule, "chain"))?.push(describeRule(rule["expr"]));
        if (set !== undefined) definitions.set(words(set, "name"), describeSet(set));
        // What the kernel fills by itself says who is there, not what is allowed: such a set has a timeout for all of it.
        if (set !== undefined && set["timeout"] === undefined)
            sets.set(words(set, "name"), (asArray(set["elem"]) ?? []).map(elementText).sort());
        const [kind = "", other] = Object.entries(asRecord(object) ?? {})[0] ?? [];
        if (!KNOWN.has(kind)) others.push(`${kind} ${words(asRecord(other), "name")}`);
    }
    return {
        chains: sorted(chains),
        sets: sorted(sets),
        definitions: sorted(definitions),
        flagged: table["flags"] !== undefined,
        others: others.sort(),
    };
}

const KNOWN = new Set(["metainfo", "table", "chain", "rule", "set", "map", "element"]);

/** nft 1.0.6 leaves "dynamic" out of its JSON, later ones have it: it changes nothing about what matches. */
function describeSet(set: Record<string, unknown>): string {
    const flags = (asArray(set["flags"]) ?? []).map(String).filter((flag) => flag !== "dynamic");
    const given = ["type", "map", "size", "timeout", "gc-interval", "policy"].flatMap((key) =>
        set[key] === undefined ? [] : [`${key} ${[set[key]].flat().map(String).join(" . ")}`],
    );
    return [...given, ...(flags.length === 0 ? [] : [`flags ${flags.sort().join(",")}`])].join("; ");
}

function describeHook(chain: Record<string, unknown>): string {
    if (chain["hook"] === undefined) return "no hook";
    return `type ${words(chain, "type")} hook ${words(chain, "hook")} priority ${words(chain, "prio")} policy ${words(chain, "policy")}`;
}

function sorted<T>(map: Map<string, T>): Record<string, T> {
    return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
