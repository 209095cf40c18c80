/** What `nft -j list table` says of a rule. */
export interface ListedRule {
    chain: string;
    handle: number;
}

/**
 * A shell command for each rule that deletes it, whatever handle it has by then: rules that were loaded again have others.
 *
 * @param rules in the order of the listing
 */
export function deletionsOf(
    table: string,
    rules: readonly ListedRule[],
): { chain: string; at: number; script: string }[] {
    const counts = new Map<string, number>();
    return rules.map(({ chain }) => {
        const at = (counts.get(chain) ?? 0) + 1;
        counts.set(chain, at);
        const handles = `nft -a list chain inet ${table} ${chain} | awk '/^\\t\\t.*# handle/ { print $NF }'`;
        return { chain, at, script: `nft delete rule inet ${table} ${chain} handle "$(${handles} | sed -n ${at}p)"` };
    });
}
