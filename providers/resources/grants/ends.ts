import { type GrantsInputs, type GrantsOutputs, type Rules, rulesOf, termsOf } from "./inputs.js";
import { parseRule, RELAY } from "../../../core/access/index.js";
import {
    hasEnded,
    parseTerms,
    renderTerms,
    type RuleTerms,
    type Terms,
    termsWords,
} from "../../../core/access/terms.js";
import { type RuleElements, ruleElements, withoutEnded } from "../../../core/nftables/index.js";
import { ended, ends } from "../../../core/protocol/ends.js";
import type { CommonAnswers, Observing } from "../../../core/protocol/steps.js";
import { openingsOf } from "../../../core/access/window.js";
import { rfc3339Of } from "../../../core/time.js";
import { WARN_HOURS } from "../../../core/registry/defaults.js";
import type { Change } from "../relay/change.js";
import type { Properties } from "../resource.js";
import { count } from "../sentences.js";
import { conforms, listOf, mapOf, text } from "../shape.js";

/*
 * Access rules that end. The relay ends them by itself; here they are left out of what is compared from then on, so that the end of one is
 * planned once.
 */

/** Inputs as they count: without rules that have ended. What is not known yet is left as it is. */
export function inputsNow(inputs: Properties, now: Date): Properties {
    if (typeof inputs.terms !== "string" || !conforms(mapOf(listOf(text)), inputs.rules)) return inputs;
    const left = withoutEnded(inputs.rules, parseTerms(inputs.terms), now);
    return { ...inputs, rules: left.rules, terms: renderTerms(left.terms) };
}

/** The elements of a relay's sets. */
export function elementsOf(inputs: GrantsInputs): RuleElements {
    return ruleElements(Object.values(rulesOf(inputs)).flat(), termsOf(inputs));
}

/** What the relay is told of the end of access; undefined where none ends. */
export function endsFile(inputs: GrantsInputs, now: Date): string | undefined {
    const terms = termsOf(inputs);
    const { timed } = elementsOf(inputs);
    const elements = timed.map(({ set, element, until, window }) => ({
        kind: "element" as const,
        until,
        element: `${set} ${element}`,
        window,
    }));
    const windows = [...new Set(timed.flatMap(({ window }) => window ?? []))].flatMap((window) =>
        openingsOf(window, unixNow(now) - DAY, unixNow(now) + CALENDAR_DAYS * DAY).map((opening) => ({
            kind: "window" as const,
            window,
            ...opening,
        })),
    );
    if (elements.length === 0) return undefined;
    const rights = Object.entries(rulesOf(inputs)).flatMap(([name, rules]) =>
        rules.flatMap((rule) => {
            const { until, ticket = "", reason = "" } = terms[rule] ?? {};
            if (until === undefined) return [];
            return [
                { kind: "right" as const, until: Math.floor(Date.parse(until) / 1000), name, rule, ticket, reason },
            ];
        }),
    );
    return ends.render([...elements, ...windows, ...rights]);
}

/** Until when the relay knows its windows, after an update now; undefined where there are none. */
export function calendarEnd(inputs: GrantsInputs, now: Date): string | undefined {
    const hasWindows = elementsOf(inputs).timed.some(({ window }) => window !== undefined);
    return hasWindows ? rfc3339Of(unixNow(now) + CALENDAR_DAYS * DAY) : undefined;
}

/** Whether an update gives the relay the next windows: without one it would have none in half a year. */
export function calendarDue({ calendar }: Pick<GrantsOutputs, "calendar">, now: Date): boolean {
    return calendar !== undefined && Date.parse(calendar) / 1000 < unixNow(now) + (CALENDAR_DAYS / 2) * DAY;
}

function unixNow(now: Date): number {
    return Math.floor(now.getTime() / 1000);
}

const DAY = 86_400;
const CALENDAR_DAYS = 400;

/** Elements by set, without those that the relay says have ended. @param where in the sets themselves, or in its record of them */
export function withoutEndedElements(
    sets: Record<string, string[]>,
    answer: CommonAnswers<"firewall" | "grants" | Observing>,
    where: "kernel" | "record",
): Record<string, string[]> {
    const rows = ended.parse(answer.ended).filter(({ until }) => where === "kernel" || until > 0);
    const gone = new Set(rows.map(({ element }) => element));
    if (gone.size === 0) return sets;
    return Object.fromEntries(
        Object.entries(sets).map(([set, elements]) => [set, elements.filter((each) => !gone.has(`${set} ${each}`))]),
    );
}

/** What the calendar brings soon. */
export function endWarnings({ inputs }: Change<GrantsInputs, GrantsOutputs>, now: Date): string[] {
    const { relay, role, warnHours = WARN_HOURS } = inputs;
    // Of what concerns a managed peer's machine the relay speaks.
    if (role === "leaf") return [];
    const terms = termsOf(inputs);
    const soon = Object.entries(rulesOf(inputs))
        .flatMap(([name, rules]) =>
            rules.flatMap((rule) => {
                const { until } = terms[rule] ?? {};
                if (until === undefined) return [];
                return [{ name, rule, terms: terms[rule] ?? {}, until, left: Date.parse(until) - now.getTime() }];
            }),
        )
        .filter(({ left }) => left > 0 && left <= warnHours * HOUR_MS)
        .sort((a, b) => a.left - b.left);
    const [first] = soon;
    if (first === undefined) return [];
    if (soon.length > ONE_BY_ONE)
        return [
            `${relay}: ${count(soon.length, "access rule")} end within ${count(warnHours, "hour")}, the first at ${first.until} (${inTime(first.left)})`,
        ];
    return soon.map(
        ({ name, rule, terms: own, left }) =>
            `${relay}: ${accessOf(name)} to ${destination(rule)} ends ${inTime(left)}: ${termsWords(own)}`,
    );
}

/** Sentences about rules that stay on other terms. */
export function termsSentences(
    then: { rules: Rules; terms: RuleTerms },
    now: { rules: Rules; terms: RuleTerms },
): string[] {
    const others: string[] = [];
    const sentences = Object.entries(now.rules).flatMap(([name, rules]) => {
        const kept = new Set(then.rules[name]);
        return rules
            .filter((rule) => kept.has(rule))
            .flatMap((rule) => {
                const [was, is] = [then.terms[rule] ?? {}, now.terms[rule] ?? {}];
                if (termsWords(was) === termsWords(is)) return [];
                if (was.until === is.until) {
                    others.push(rule);
                    return [];
                }
                return [`${accessOf(name)} to ${destination(rule)} ${changed(was, is)}`];
            });
    });
    return [
        ...sentences,
        ...(others.length === 0
            ? []
            : [
                  `${count(others.length, "access rule")} get other reasons, tickets or groups; no connection is affected`,
              ]),
    ];
}

/** Rules that have gone because their time came, by who had them. */
export function endedSince(then: { rules: Rules; terms: RuleTerms }, now: Rules, moment: Date): Rules {
    return Object.fromEntries(
        Object.entries(then.rules)
            .map(([name, rules]): [string, string[]] => {
                const kept = new Set(now[name]);
                return [name, rules.filter((rule) => !kept.has(rule) && hasEnded(then.terms[rule] ?? {}, moment))];
            })
            .filter(([, rules]) => rules.length > 0),
    );
}

/** One sentence for each rule that has ended. */
export function endedSentences(rules: Rules, terms: RuleTerms): string[] {
    return Object.entries(rules).flatMap(([name, texts]) =>
        texts.map(
            (rule) => `${accessOf(name)} to ${destination(rule)} has ended by itself: ${termsWords(terms[rule] ?? {})}`,
        ),
    );
}

/** A destination with the terms behind it, where there are any. */
export function onTerms(destination: string, terms: Terms | undefined): string {
    const words = terms === undefined ? "" : termsWords(terms);
    return words === "" ? destination : `${destination} (${words})`;
}

function changed({ until: was }: Terms, is: Terms): string {
    if (is.until === undefined) return `no longer ends at ${was ?? ""}`;
    return `ends at ${is.until} ${was === undefined ? "from now on" : `instead of ${was}`}`;
}

function accessOf(name: string): string {
    return name === RELAY ? "the access of the relay's proxy" : `the access of ${name}`;
}

function destination(rule: string): string {
    const { from } = parseRule(rule);
    const to = rule.slice(rule.indexOf(" -> ") + 4);
    return from.includes("/") ? `${to} from ${from}` : to;
}

const ONE_BY_ONE = 8;
const HOUR_MS = 3_600_000;

function inTime(milliseconds: number): string {
    const minutes = Math.max(1, Math.round(milliseconds / 60_000));
    return minutes < 120 ? `in ${count(minutes, "minute")}` : `in ${count(Math.round(minutes / 60), "hour")}`;
}
