import { formatRule, parseRule, RELAY } from "../../core/access.js";
import { elementsOf, SET_NAMES, type SetElements } from "../../core/nftables.js";
import { describeRelay } from "../../core/leaf.js";
import { withoutCutElements } from "./expiry.js";
import { listed } from "./firewall.js";
import { placed } from "./placed.js";
import { relayResource, type RelayResourceParts } from "./relayResource.js";
import type { Properties } from "./resource.js";
import { MACHINE_INPUT, relaySchema } from "./schemas.js";
import { listNames } from "./words.js";

type Rules = Record<string, string[]>;

/** Who may reach what. The last step of an update: everything before it has only taken away. */
export const grantsParts: RelayResourceParts = {
    type: "Grants",
    description: "Who may reach what: the elements of the firewall's sets.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            rules: {
                type: "object",
                description: "Allowed flows by who opens them, as text: `10.8.0.2 -> 10.8.0.1 tcp/8443`.",
            },
        },
        { elements: { type: "integer", description: "Number of set elements in the kernel." } },
    ),
    step: "grants",
    compared: ["machine", "rules"],

    sentences({ inputs, before }, changes) {
        const { relay, role } = placed(inputs);
        // Who gains and who loses by it the relay has said.
        if (role === "leaf")
            return [`${relay}: its own firewall lets through what the relay lets through to and from it`];
        const now = inputs.rules as Rules;
        const then = (before?.inputs.rules ?? {}) as Rules;
        const sentences: string[] = [];
        for (const name of touched(now, then).filter((who) => who !== RELAY)) {
            const added = (now[name] ?? []).filter((rule) => !(then[name] ?? []).includes(rule));
            const removed = (then[name] ?? []).filter((rule) => !(now[name] ?? []).includes(rule));
            if (added.length > 0) sentences.push(`${relay}: ${name} may reach ${listNames(added.map(destination))}`);
            if (removed.length > 0) {
                sentences.push(
                    `${relay}: ${name} may no longer reach ${listNames(removed.map(destination))}; running connections end at once`,
                );
            }
        }
        if (sentences.length > MOST_SENTENCES) {
            const rest = sentences.length - MOST_SENTENCES;
            return [...sentences.slice(0, MOST_SENTENCES), `${relay}: and ${rest} more changes of who may reach what`];
        }
        return sentences.length > 0 || Object.keys(changes).length === 0
            ? sentences
            : [`${relay}: what is allowed is loaded again`];
    },

    begin: ({ inputs, before }) => ({
        action: "grants_apply",
        message: `Set who may reach what on ${describeRelay(placed(inputs).relay)}`,
        details: summary(inputs, before?.inputs),
    }),

    desired: ({ inputs }) => Promise.resolve({ files: { elements: recordOf(elements(inputs)) } }),

    outputs({ inputs }, answer) {
        const live = listed(answer)?.sets ?? {};
        const missing = differences(withoutCutElements(elements(inputs), answer), live);
        const count = Object.values(live).reduce((sum, list) => sum + list.length, 0);
        return { outputs: { elements: count }, problems: Object.values(missing) };
    },

    previewOutputs: ({ inputs }) => ({
        elements: Object.values(elements(inputs)).reduce((sum, list) => sum + list.length, 0),
    }),

    outcomes: ({ inputs, before }, outputs) => [
        {
            action: "grants_apply",
            message: `Relay ${placed(inputs).relay} lets through what its ${String(outputs.elements)} set elements say`,
            details: { ...summary(inputs, before?.inputs), elements: outputs.elements },
        },
    ],

    drift(inputs, _outputs, answer) {
        const table = listed(answer);
        // A table that is gone is Firewall's to report, and what makes it again fills its sets from the relay's record.
        return table === undefined ? {} : differences(withoutCutElements(elements(inputs), answer), table.sets);
    },

    ending: (inputs) => [
        {
            action: "grants_remove",
            message: `Relay ${placed(inputs).relay} lets nothing through any more`,
            details: { relay: placed(inputs).relay },
        },
    ],
};

export const grants = relayResource(grantsParts);

const MOST_SENTENCES = 10;

function elements(inputs: Properties): SetElements {
    return elementsOf(
        Object.values(inputs.rules as Rules)
            .flat()
            .map(parseRule),
    );
}

/** The relay's record of elements: one "SET ELEMENT" a line. */
function recordOf(sets: SetElements): string {
    return SET_NAMES.flatMap((set) => sets[set].map((element) => `${set} ${element}\n`)).join("");
}

function differences(want: SetElements, live: Record<string, string[]>): Record<string, string> {
    const drift: Record<string, string> = {};
    for (const set of SET_NAMES) {
        const there = new Set(live[set] ?? []);
        const wanted = new Set(want[set]);
        for (const element of want[set]) {
            if (!there.has(element))
                drift[`${set} ${element}`] =
                    `${element} is allowed by the program and missing in the kernel; the next up adds it`;
        }
        for (const element of there) {
            if (!wanted.has(element))
                drift[`${set} ${element}`] = `${element} is let through and nobody granted it; the next up removes it`;
        }
    }
    return drift;
}

function touched(now: Rules, then: Rules): string[] {
    return [...new Set([...Object.keys(now), ...Object.keys(then)])].sort();
}

function destination(rule: string): string {
    const { from, to, ports } = parseRule(rule);
    const text = formatRule({ from: to, to, ports }).split(" -> ")[1] ?? rule;
    return from.includes("/") ? `${text} from ${from}` : text;
}

function summary(inputs: Properties, before: Properties | undefined): Record<string, unknown> {
    const now = inputs.rules as Rules;
    const then = (before?.rules ?? {}) as Rules;
    const added = touched(now, then).flatMap((name) =>
        (now[name] ?? []).filter((rule) => !(then[name] ?? []).includes(rule)),
    );
    const removed = touched(now, then).flatMap((name) =>
        (then[name] ?? []).filter((rule) => !(now[name] ?? []).includes(rule)),
    );
    // The log has a longest line; the whole truth of a large change is in the registry's record and the program.
    return {
        relay: placed(inputs).relay,
        added: added.slice(0, 200),
        removed: removed.slice(0, 200),
        added_count: added.length,
        removed_count: removed.length,
    };
}
