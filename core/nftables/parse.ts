import { asArray, asRecord, describeRule, elementText, words } from "./json.js";

/** A table as the kernel holds it, without what changes by itself. */
export interface ParsedTable {
    /** By chain: its hook first, then its rules in order, as text. Counter values and handles are left out. */
    chains: Record<string, string[]>;
    /** By set: its elements, sorted, in the words of `elementsOf`. */
    sets: Record<string, string[]>;
}

/**
 * Reads what `nft -j list table inet NAME` prints (libnftables-json(5)). The same table always gives the same result, and a table
 * loaded from our own text gives back the elements it was loaded with. undefined when there is no table in it.
 */
export function parseTable(json: unknown): ParsedTable | undefined {
    const objects = asArray(asRecord(json)?.["nftables"]) ?? [];
    if (!objects.some((object) => asRecord(object)?.["table"] !== undefined)) return undefined;

    const chains = new Map<string, string[]>();
    const sets = new Map<string, string[]>();
    for (const object of objects) {
        const chain = asRecord(asRecord(object)?.["chain"]);
        const rule = asRecord(asRecord(object)?.["rule"]);
        const set = asRecord(asRecord(object)?.["set"]) ?? asRecord(asRecord(object)?.["map"]);
        if (chain !== undefined) chains.set(words(chain, "name"), [describeHook(chain)]);
        if (rule !== undefined) chains.get(words(rule, "chain"))?.push(describeRule(rule["expr"]));
        // What the kernel fills by itself says who is there, not what is allowed.
        if (set !== undefined && !(asArray(set["flags"]) ?? []).includes("timeout"))
            sets.set(words(set, "name"), (asArray(set["elem"]) ?? []).map(elementText).sort());
    }
    return { chains: sorted(chains), sets: sorted(sets) };
}

function describeHook(chain: Record<string, unknown>): string {
    if (chain["hook"] === undefined) return "no hook";
    return `type ${words(chain, "type")} hook ${words(chain, "hook")} priority ${words(chain, "prio")} policy ${words(chain, "policy")}`;
}

function sorted(map: Map<string, string[]>): Record<string, string[]> {
    return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
