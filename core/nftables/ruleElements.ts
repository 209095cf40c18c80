import { parseRule } from "../access/index.js";
import { hasEnded, isTimed, type RuleTerms } from "../access/terms.js";
import { elementsOf, type SetElements } from "./elements.js";
import { NEVER, type TimedElement, timedElementsOf, type TimedRule } from "./timed.js";

/** What access rules become in a relay's table. */
export interface RuleElements {
    sets: SetElements;
    /** Of rules that end. */
    timed: TimedElement[];
}

/** The elements of rules by their texts. */
export function ruleElements(rules: readonly string[], terms: RuleTerms): RuleElements {
    const isPart = (rule: string): boolean => isTimed(terms[rule] ?? {});
    const timed = rules.filter(isPart).map((rule): TimedRule => {
        const { until, window } = terms[rule] ?? {};
        return { ...parseRule(rule), until: unixSeconds(until), window };
    });
    return {
        sets: elementsOf(rules.filter((rule) => !isPart(rule)).map(parseRule)),
        timed: timedElementsOf(timed),
    };
}

/** All elements by the name of their set. */
export function elementsBySet({ sets, timed }: RuleElements): Record<string, string[]> {
    const all: Record<string, string[]> = { ...sets };
    for (const { set, element } of timed) (all[set] ??= []).push(element);
    return all;
}

/** Rules by source and their terms, without rules that have ended. */
export function withoutEnded(
    rules: Record<string, string[]>,
    terms: RuleTerms,
    now: Date,
): { rules: Record<string, string[]>; terms: RuleTerms } {
    const isKept = (rule: string): boolean => !hasEnded(terms[rule] ?? {}, now);
    return {
        rules: Object.fromEntries(
            Object.entries(rules)
                .map(([source, texts]): [string, string[]] => [source, texts.filter(isKept)])
                .filter(([, texts]) => texts.length > 0),
        ),
        terms: Object.fromEntries(Object.entries(terms).filter(([rule]) => isKept(rule))),
    };
}

function unixSeconds(moment: string | undefined): number {
    return moment === undefined ? NEVER : Math.floor(Date.parse(moment) / 1000);
}
