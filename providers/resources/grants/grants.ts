import { createHash } from "node:crypto";

import { type GrantsInputs, type GrantsOutputs, readGrants, readGrantsOutputs } from "./inputs.js";
import { parseRule } from "../../../core/access/index.js";
import { elementsOf, renderElements, SET_NAMES, type SetElements } from "../../../core/nftables/index.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { Drift } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import type { Answers, Observing } from "../../../core/protocol/steps.js";
import { files } from "../../../core/protocol/files.js";
import { withoutCutElements } from "../wireguard/expiry.js";
import { listed } from "../firewall/firewall.js";
import { grantsWording, rulesOf, namesInEither } from "./sentences.js";
import { NOTHING_REMOVED } from "../relay/removedFirst.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import type { Change } from "../relay/change.js";
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
        },
        { elements: { type: "integer", description: "Number of set elements in the kernel." } },
    ),
    step: "grants",
    parse: readGrants,
    parseOutputs: readGrantsOutputs,
    ...grantsWording,

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

    desired: ({ inputs }) =>
        Promise.resolve({ values: { role: inputs.role }, files: { elements: renderElements(elements(inputs)) } }),

    outputs({ inputs }, answer) {
        const live = listed(answer)?.sets ?? {};
        const missing = differences(withoutCutElements(elements(inputs), answer), live);
        const count = Object.values(live).reduce((sum, list) => sum + list.length, 0);
        return { outputs: { elements: count }, problems: missing.map(({ sentence }) => sentence) };
    },

    previewOutputs: ({ inputs }) => ({
        elements: Object.values(elements(inputs)).reduce((sum, list) => sum + list.length, 0),
    }),

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
        const wanted = withoutCutElements(elements(inputs), answer);
        return [...(table === undefined ? [] : differences(wanted, table.sets)), ...recordDrift(wanted, answer)];
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

function elements(inputs: GrantsInputs): SetElements {
    return elementsOf(Object.values(rulesOf(inputs)).flat().map(parseRule));
}

function differences(want: SetElements, live: Record<string, string[]>): Drift[] {
    const drift: Drift[] = [];
    for (const set of SET_NAMES) {
        const there = new Set(live[set] ?? []);
        const wanted = new Set(want[set]);
        for (const element of want[set]) {
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
function recordDrift(wanted: SetElements, answer: Answers<Observing>): Drift[] {
    if (answer.files === undefined) return [];
    const kept = files.parse(answer.files).find(({ path }) => path === "elements");
    const hash = createHash("sha256").update(renderElements(wanted)).digest("hex");
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
    // More than a line may hold becomes several records.
    return {
        relay: inputs.relay,
        added,
        removed,
        added_count: added.length,
        removed_count: removed.length,
    };
}
