import { parseRule, RELAY } from "../access/index.js";
import { parseTerms, termsWords } from "../access/terms.js";
import { TunnelError } from "../errors.js";
import type { AccessChanges, AccessPair, AccessRight } from "./model.js";
import { isMap, peersIn } from "./peers.js";
import type { PlannedResource, State } from "./plan.js";

/** One side of a change: what resources of one relay are told. */
type Side = "before" | "after";

/**
 * What a relay allows before and after, with names in place of addresses as far as the preview has them.
 *
 * @param resources of one relay
 */
export function accessChanges(resources: readonly PlannedResource[]): AccessChanges {
    const [before, after] = (["before", "after"] as const).map((side) => rightsAt(resources, side));
    if (before === undefined || after === undefined) return { known: false, pairs: [], added: [], removed: [] };
    const [had, has] = [new Set(before.map(flow)), new Set(after.map(flow))];
    return {
        known: true,
        pairs: pairsOf(before, after),
        added: after.filter((right) => !had.has(flow(right))),
        removed: before.filter((right) => !has.has(flow(right))),
    };
}

/**
 * What a relay allows before or after the change; undefined: not known before the update.
 *
 * @param resources of one relay
 */
export function rightsAt(resources: readonly PlannedResource[], side: Side): AccessRight[] | undefined {
    const grants = resources.find(({ kind }) => kind === "Grants" || kind === "Script");
    // Of what does not change a preview may show one side only, or neither.
    const sides: Side[] = side === "before" ? ["after", "before"] : ["before", "after"];
    const names = new Map(sides.flatMap((each) => [...namesOf(resources, each)]));
    const services = new Map(sides.flatMap((each) => [...servicesOf(resources, each)]));
    return rightsIn(grants?.[side], names, services);
}

function rightsIn(
    state: State | undefined,
    names: ReadonlyMap<string, string>,
    services: ReadonlyMap<number, string>,
): AccessRight[] | undefined {
    const rules = state?.inputs["rules"];
    if (rules === undefined) return [];
    if (!isMap(rules) || !Object.values(rules).every(Array.isArray)) return undefined;
    const known = new Map(names);
    const text = state?.inputs["terms"];
    const terms = parseTerms(typeof text === "string" ? text : undefined);
    const flows = Object.entries(rules).flatMap(([name, texts]) =>
        (texts as unknown[]).map((each) => ({ name, rule: ruleOf(each), terms: terms[String(each)] ?? {} })),
    );
    // A source is named by the rules themselves.
    for (const { name, rule } of flows) if (rule !== undefined && !rule.from.includes("/")) known.set(rule.from, name);
    const rights = new Map<string, AccessRight>();
    for (const { rule, terms: own } of flows) {
        if (rule === undefined) return undefined;
        const { from, to, ports } = rule;
        const right = { from: known.get(from) ?? from, to: known.get(to) ?? to, ports };
        const service = right.to === RELAY ? services.get(Number(ports.replace("tcp/", ""))) : undefined;
        rights.set(flow(right), { ...right, ...(service === undefined ? {} : { service }), ...own } as AccessRight);
    }
    return [...rights].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, right]) => right);
}

function ruleOf(text: unknown): { from: string; to: string; ports: string } | undefined {
    if (typeof text !== "string") return undefined;
    try {
        const { from, to } = parseRule(text);
        return { from, to, ports: text.slice(text.lastIndexOf(" ") + 1) };
    } catch (error) {
        if (error instanceof TunnelError) return undefined;
        throw error;
    }
}

/** Names by address. */
function namesOf(resources: readonly PlannedResource[], side: Side): Map<string, string> {
    const names = new Map<string, string>();
    for (const resource of resources) {
        const { kind } = resource;
        const { address, address6 } = resource[side]?.inputs ?? {};
        if (kind === "WireGuard" || kind === "Firewall" || kind === "Script")
            for (const own of [address, address6]) if (typeof own === "string") names.set(own, RELAY);
        if (kind !== "WireGuard" && kind !== "Registry" && kind !== "Script") continue;
        for (const [name, { addresses }] of Object.entries(peersIn(kind, resource[side]) ?? {}))
            for (const own of addresses) names.set(own, name);
    }
    return names;
}

/** Names of the services that the relay serves, by port. */
function servicesOf(resources: readonly PlannedResource[], side: Side): Map<number, string> {
    const served = resources.filter(({ kind }) => kind === "Proxy" || kind === "Script");
    return new Map(
        served.flatMap((resource): [number, string][] => {
            const services = resource[side]?.inputs["services"];
            if (!isMap(services)) return [];
            return Object.entries(services).flatMap(([name, service]): [number, string][] =>
                isMap(service) && typeof service["port"] === "number" ? [[service["port"], name]] : [],
            );
        }),
    );
}

/** Changed pairs first. */
function pairsOf(before: readonly AccessRight[], after: readonly AccessRight[]): AccessPair[] {
    const pairs = new Map<string, AccessPair>();
    const note = (rights: readonly AccessRight[], side: Side): void => {
        for (const right of rights) {
            const { from, to, ports, service } = right;
            const words = [
                ...(service === undefined ? [] : [service]),
                ...(termsWords(right) === "" ? [] : [termsWords(right)]),
            ];
            const key = JSON.stringify([from, to]);
            const pair = pairs.get(key) ?? { from, to, before: [], after: [] };
            pair[side].push(words.length === 0 ? ports : `${ports} (${words.join(", ")})`);
            pairs.set(key, pair);
        }
    };
    note(before, "before");
    note(after, "after");
    const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
    return [...sorted.filter(isChanged), ...sorted.filter((pair) => !isChanged(pair))];
}

export function isChanged({ before, after }: AccessPair): boolean {
    return before.join("\n") !== after.join("\n");
}

function flow({ from, to, ports }: AccessRight): string {
    return [from, to, ports].join("\n");
}
