import type { Right } from "./rights.js";

/**
 * Rights as the state has them: one text, a line for each.
 *
 *     alice nas tcp/22 grants[0]
 *     alice (relay) tcp/8443 service grafana
 */
export function renderRights(rights: readonly Right[]): string {
    return rights.map(({ from, to, ports, by }) => `${from} ${to} ${ports} ${by}\n`).join("");
}

/** The inverse of {@link renderRights}; undefined for a text that is not one. */
export function parseRights(text: string): Right[] | undefined {
    const rights: Right[] = [];
    for (const line of text.split("\n").slice(0, -1)) {
        const [, from, to, ports, by] = /^(\S+) (\S+) (\S+) (.+)$/.exec(line) ?? [];
        if (from === undefined || to === undefined || ports === undefined || by === undefined) return undefined;
        rights.push({ from, to, ports, by });
    }
    return text === renderRights(rights) ? rights : undefined;
}
