import { endedSentences, endedSince, onTerms, termsSentences } from "./ends.js";
import { type GrantsInputs, type GrantsOutputs, type Rules, rulesOf, termsOf } from "./inputs.js";
import type { RuleTerms } from "../../../core/access/terms.js";
import { formatRule, parseRule, RELAY } from "../../../core/access/index.js";
import { same } from "../changes.js";
import { toldElsewhere, type Wording } from "../effects.js";
import type { Change } from "../relay/change.js";
import { UNKNOWN } from "../resource.js";
import { listNames, nameAll } from "../sentences.js";

/** Who is allowed to reach what from now on, and who no longer is. */
export const grantsWording: Wording<GrantsInputs, GrantsOutputs> = {
    created: (change) => ofRules(change),
    effects: {
        // Where they are loaded Host and WireGuard tell.
        host: toldElsewhere,
        appName: toldElsewhere,
        interface: toldElsewhere,
        machine: toldElsewhere,
        moved: toldElsewhere,
        rules: ofRules,
        terms: ofRules,
    },
    closing: ({ inputs }, sentences) =>
        sentences.length > 0 ? [] : [`${inputs.relay}: the access rules are reloaded`],
};

/** Names in either, sorted. */
export function namesInEither(now: Rules, then: Rules): string[] {
    return [...new Set([...Object.keys(now), ...Object.keys(then)])].sort();
}

function ofRules(change: Change<GrantsInputs, GrantsOutputs>): string[] {
    const { inputs, before } = change;
    const { relay, role } = inputs;
    if (inputs.rules === UNKNOWN || inputs.terms === UNKNOWN)
        return [`${relay}: the access rules are not known before the update: other resources supply values in them`];
    const [now, then] = [rulesOf(inputs), rulesOf(before?.inputs)];
    const [terms, formerTerms] = [termsOf(inputs), termsOf(before?.inputs)];
    if (same(now, then) && same(terms, formerTerms) && before !== undefined) return [];
    // Who gains and who loses by it the relay has said.
    if (role === "leaf") return [`${relay}: its own firewall gets the relay's access rules that concern it`];
    const ended = endedSince({ rules: then, terms: formerTerms }, now, new Date());
    const left = Object.fromEntries(namesInEither(then, {}).map((name) => [name, without(then[name], ended[name])]));
    return [
        ...inSentences(effectsOf(now, left, terms)),
        ...endedSentences(ended, formerTerms),
        ...termsSentences({ rules: then, terms: formerTerms }, { rules: now, terms }),
    ].map((sentence) => `${relay}: ${sentence}`);
}

/** What one of them gains or loses; who gains or loses the same is told in one sentence. */
interface AccessEffect {
    who: string;
    /** The sentence without its subject, for one and for several. */
    one: string;
    many: string;
}

function effectsOf(now: Rules, then: Rules, terms: RuleTerms): AccessEffect[] {
    const ownersOf = (rules: Rules): Map<string, string> =>
        new Map(
            namesInEither(rules, {}).flatMap((name) =>
                (rules[name] ?? []).map((rule): [string, string] => [rule, name]),
            ),
        );
    const [owners, formerOwners] = [ownersOf(now), ownersOf(then)];
    const reached = (rules: string[] = []): string[] => [...new Set(rules.map(destination))];
    // From another address of its own it reaches the same.
    const keptBy = (name: string): string[] => {
        const before = reached(without(then[name], now[name]));
        return reached(without(now[name], then[name])).filter((to) => before.includes(to));
    };
    /** Whether a peer took over the access of another one that loses it: one sentence says both. */
    const isInherited = (rule: string, owner: string | undefined, former: string | undefined): boolean =>
        owner !== undefined &&
        former !== undefined &&
        !keptBy(owner).includes(destination(rule)) &&
        !reached(now[former]).includes(destination(rule));
    return namesInEither(now, then).flatMap((name): AccessEffect[] => {
        const added = without(now[name], then[name]);
        const removed = without(then[name], now[name]);
        const kept = keptBy(name);
        const inherited = new Map<string, string[]>();
        const gained: string[] = [];
        for (const rule of added.filter((each) => !kept.includes(destination(each)))) {
            const former = formerOwners.get(rule);
            if (former === undefined || !isInherited(rule, name, former)) gained.push(rule);
            else inherited.set(former, [...(inherited.get(former) ?? []), rule]);
        }
        const lost = removed.filter(
            (rule) => !kept.includes(destination(rule)) && !isInherited(rule, owners.get(rule), name),
        );
        const list = (rules: string[]): string =>
            listNames([...new Set(rules.map((rule) => onTerms(destination(rule), terms[rule])))], ALL);
        const effects: AccessEffect[] = [];
        const addEffect = (what: string, one: string, many: string): void =>
            void effects.push({ who: subject(name), one: `${one} ${what}`, many: `${many} ${what}` });
        if (gained.length > 0) addEffect(`allowed to reach ${list(gained)}`, "is", "are");
        for (const [former, rules] of inherited)
            addEffect(`allowed to reach ${list(rules)}, as ${subject(former)} was until now`, "is", "are");
        if (kept.length > 0)
            addEffect(
                `allowed to reach ${listNames(kept, ALL)}, now from a different address`,
                "is still",
                "are still",
            );
        if (lost.length > 0)
            addEffect(
                `allowed to reach ${list(lost)}; running connections end at once`,
                "is no longer",
                "are no longer",
            );
        return effects;
    });
}

/** A few peers one by one; more of them grouped by equal gain or loss. All are named. */
function inSentences(effects: AccessEffect[]): string[] {
    if (effects.length <= ONE_BY_ONE) return effects.map(({ who, one }) => `${who} ${one}`);
    const groups = new Map<string, AccessEffect[]>();
    for (const each of effects) groups.set(each.many, [...(groups.get(each.many) ?? []), each]);
    return [...groups].map(([many, group]) =>
        group.length === 1 && group[0] !== undefined
            ? `${group[0].who} ${group[0].one}`
            : `${nameAll(group.map(({ who }) => who))} ${many}`,
    );
}

function subject(name: string): string {
    return name === RELAY ? "the relay's proxy" : name;
}

function without(rules: string[] | undefined, others: string[] | undefined): string[] {
    const known = new Set(others);
    return (rules ?? []).filter((rule) => !known.has(rule));
}

function destination(rule: string): string {
    const { from, to, ports } = parseRule(rule);
    const text = formatRule({ from: to, to, ports }).split(" -> ")[1] ?? rule;
    return from.includes("/") ? `${text} from ${from}` : text;
}

const ONE_BY_ONE = 10;
const ALL = Number.MAX_SAFE_INTEGER;
