import { type Right, termsIn } from "./rights.js";
import { isPlain, termsJson, withTerms } from "./terms.js";

/**
 * Rights as the state has them: one text, a line for each. What they depend on follows as JSON.
 *
 *     alice nas tcp/22 grants[0]
 *     alice (relay) tcp/8443 service grafana {"until":"2027-01-31T18:00:00Z","groups":["admins"]}
 */
export function renderRights(rights: readonly Right[]): string {
    return rights
        .map((right) => {
            const { from, to, ports, by } = right;
            const terms = termsIn(right);
            return `${from} ${to} ${ports} ${by}${isPlain(terms) ? "" : ` ${termsJson(terms)}`}\n`;
        })
        .join("");
}

/** The inverse of {@link renderRights}; undefined for a text that is not one. */
export function parseRights(text: string): Right[] | undefined {
    const rights: Right[] = [];
    for (const line of text.split("\n").slice(0, -1)) {
        const { rest, terms } = withTerms(line);
        const [, from, to, ports, by] = /^(\S+) (\S+) (\S+) (.+)$/.exec(rest) ?? [];
        if (from === undefined || to === undefined || ports === undefined || by === undefined) return undefined;
        rights.push({ from, to, ports, by, ...terms });
    }
    return text === renderRights(rights) ? rights : undefined;
}
