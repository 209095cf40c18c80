import { createHash } from "node:crypto";

import {
    calendarDue,
    calendarEnd,
    elementsOf,
    endsFile,
    endWarnings,
    inputsNow,
    withoutEndedElements,
} from "./ends.js";
import { type GrantsInputs, type GrantsOutputs, readGrants, readGrantsOutputs, rulesOf, termsOf } from "./inputs.js";
import { elementsBySet, renderElements, SET_NAMES, TIMED_SET_NAMES } from "../../../core/nftables/index.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import type { Answers, CommonAnswers, Observing } from "../../../core/protocol/steps.js";
import { files } from "../../../core/protocol/files.js";
import { renderSetElements } from "../../../core/protocol/elements.js";
import { withoutCutElements } from "../wireguard/expiry.js";
import { listed } from "../firewall/firewall.js";
import { grantsWording, namesInEither } from "./sentences.js";
import { same } from "../changes.js";
import { NOTHING_REMOVED } from "../relay/removedFirst.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import type { Change } from "../relay/change.js";
import { UNKNOWN } from "../resource.js";
import { MACHINE_INPUT, relaySchema } from "../schemas.js";

/** The access rules. The last step of an update: everything before it has only removed access. */
export const grantsParts: RelayResourceParts<GrantsInputs, GrantsOutputs, "grants"> = {
    type: "Grants",
    description: "The access rules: the elements of the firewall's sets.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            rules: {
                type: { map: { list: "string" } },
                description: "Allowed flows by source, as text: `10.8.0.2 -> 10.8.0.1 tcp/8443`.",
            },
            terms: {
                type: "string",
                description: "When flows end, why they are allowed and to which groups, a line each.",
                optional: true,
            },
            warnHours: {
                type: "integer",
                description: "From how many hours before a flow ends a preview warns of it.",
                optional: true,
            },
        },
        {
            elements: { type: "integer", description: "Number of set elements in the kernel." },
            calendar: {
                type: "string",
                description: "Until when the relay knows when access with a window opens, RFC 3339.",
                optional: true,
            },
        },
    ),
    step: "grants",
    parse: readGrants,
    parseOutputs: readGrantsOutputs,
    ...grantsWording,

    complete: (inputs) => inputsNow(inputs, new Date()),
    warnings: (change) => endWarnings(change, new Date()),
    adjust: ({ before }, changes) =>
        before !== undefined && calendarDue(before.outputs, new Date()) ? { ...changes, calendar: "update" } : changes,

    begin: (change) => ({
        action: "grants_apply",
        message: `Update access rules on ${describeRelay(change.inputs.relay)}`,
        details: summary(change),
    }),

    restored: (change) =>
        restoredRules(change).map((rule) => ({
            kind: "rule",
            name: rule,
            sentence: `${rule} was removed first and is allowed again`,
        })),

    desired({ inputs }) {
        const { sets, timed } = elementsOf(inputs);
        const ends = endsFile(inputs, new Date());
        const files = { elements: renderElements(sets, timed), ...(ends === undefined ? {} : { ends }) };
        return Promise.resolve({ values: { role: inputs.role }, files });
    },

    outputs({ inputs }, answer) {
        const live = listed(answer)?.sets ?? {};
        const missing = differences(wantedBy(inputs, answer, "kernel"), live);
        const count = Object.values(live).reduce((sum, list) => sum + list.length, 0);
        const calendar = calendarEnd(inputs, new Date());
        const outputs = { elements: count, ...(calendar === undefined ? {} : { calendar }) };
        return { outputs, problems: missing.map(({ sentence }) => sentence) };
    },

    previewOutputs({ inputs }) {
        const elements = Object.values(elementsBySet(elementsOf(inputs))).reduce((sum, list) => sum + list.length, 0);
        return { elements, ...(calendarEnd(inputs, new Date()) === undefined ? {} : { calendar: UNKNOWN }) };
    },

    outcomes: (change, outputs) => [
        {
            action: "grants_apply",
            message: `Relay ${change.inputs.relay} enforces its access rules with ${String(outputs.elements)} set elements`,
            details: { ...summary(change), elements: outputs.elements },
        },
    ],

    drift(inputs, _outputs, answer) {
        const table = listed(answer);
        // A table that is gone is Firewall's to report, and what makes it again fills its sets from the relay's record.
        const wanted = wantedBy(inputs, answer, "kernel");
        const recorded = wantedBy(inputs, answer, "record");
        return [...(table === undefined ? [] : differences(wanted, table.sets)), ...recordDrift(recorded, answer)];
    },

    ending: (inputs) => [
        {
            action: "grants_remove",
            message: `Relay ${inputs.relay} no longer has access rules`,
            begin: `Remove all access rules of ${describeRelay(inputs.relay)}`,
            details: { relay: inputs.relay },
        },
    ],
};

export const grants = relayResource(grantsParts);

/** The elements that are to be there by now, by set: not those of peers and access rules that the relay has ended. */
function wantedBy(
    inputs: GrantsInputs,
    answer: CommonAnswers<"grants" | Observing>,
    where: "kernel" | "record",
): Record<string, string[]> {
    const wanted = withoutCutElements(elementsBySet(elementsOf(inputs)), answer);
    return withoutEndedElements(wanted, answer, where);
}

function differences(want: Record<string, string[]>, live: Record<string, string[]>): Drift[] {
    const drift: Drift[] = [];
    for (const set of [...SET_NAMES, ...TIMED_SET_NAMES]) {
        const there = new Set(live[set] ?? []);
        const wanted = new Set(want[set]);
        for (const element of wanted) {
            if (!there.has(element))
                drift.push({
                    kind: "object",
                    name: `${set} ${element}`,
                    sentence: `${element} is granted in the program but missing in the kernel; ${REPAIR} adds it`,
                });
        }
        for (const element of there) {
            if (!wanted.has(element))
                drift.push({
                    kind: "object",
                    name: `${set} ${element}`,
                    sentence: `${element} is allowed in the kernel but not granted in the program; ${REPAIR} removes it`,
                });
        }
    }
    return drift;
}

/** What the sets are filled from after a reboot; a hash of it is in the answer. */
function recordDrift(wanted: Record<string, string[]>, answer: Answers<Observing>): Drift[] {
    if (answer.files === undefined) return [];
    const kept = files.parse(answer.files).find(({ path }) => path === "elements");
    const lines = [...SET_NAMES, ...TIMED_SET_NAMES].flatMap((set) =>
        (wanted[set] ?? []).map((element) => ({ set, element })),
    );
    const hash = createHash("sha256").update(renderSetElements(lines)).digest("hex");
    return kept?.hash === hash
        ? []
        : [
              {
                  kind: "record of elements",
                  sentence: `the relay's record of access rules, which is loaded after a reboot, ${kept === undefined ? "is gone" : "was changed"}; ${REPAIR} restores it`,
              },
          ];
}

/** What is granted and was taken away since these grants were loaded last. */
function restoredRules({ inputs, removed = NOTHING_REMOVED }: Change<GrantsInputs, GrantsOutputs>): string[] {
    return [...new Set(Object.values(rulesOf(inputs)).flat())].filter((rule) => removed.rules.has(rule)).sort();
}

/** What a record says that it changes; what was taken away first has a record already. */
function summary(change: Change<GrantsInputs, GrantsOutputs>): Record<string, unknown> {
    const { inputs, before, removed: gone = NOTHING_REMOVED } = change;
    const [now, then] = [rulesOf(inputs), rulesOf(before?.inputs)];
    const gained = namesInEither(now, then).flatMap((name) =>
        (now[name] ?? []).filter((rule) => !(then[name] ?? []).includes(rule)),
    );
    const added = [...gained, ...restoredRules(change).filter((rule) => !gained.includes(rule))];
    const removed = namesInEither(now, then).flatMap((name) =>
        (then[name] ?? []).filter((rule) => !(now[name] ?? []).includes(rule) && !gone.rules.has(rule)),
    );
    const terms = termsOf(inputs);
    const onTerms = namesInEither(now, {}).flatMap((name) =>
        (now[name] ?? []).flatMap((rule) => {
            const own = terms[rule];
            const isNew = own !== undefined && (added.includes(rule) || !same(own, termsOf(before?.inputs)[rule]));
            return isNew ? [{ name, rule, ...own }] : [];
        }),
    );
    // More than a line may hold becomes several records.
    return {
        relay: inputs.relay,
        added,
        removed,
        ...(onTerms.length === 0 ? {} : { terms: onTerms }),
        added_count: added.length,
        removed_count: removed.length,
    };
}
