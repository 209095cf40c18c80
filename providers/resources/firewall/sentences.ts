import type { FirewallInputs, FirewallOutputs } from "./inputs.js";
import { tableName } from "../../../core/names.js";
import { describeHost } from "../../hosts/descriptors.js";
import { keepsForwarding } from "../import/adoption.js";
import { same } from "../changes.js";
import { forwardingSentences } from "./forwardingSentences.js";
import { type Effect, toldElsewhere, type Wording } from "../effects.js";
import { machineChange, IF_DIFFERENT, mayMove } from "../inputSentences.js";
import { type Properties, UNKNOWN } from "../resource.js";
import { listNames } from "../sentences.js";
import { known } from "../shape.js";

const place: Effect<FirewallInputs, FirewallOutputs> = (change) => {
    const { before, inputs } = change;
    if (before === undefined) return [];
    const { relay, host, machine } = inputs;
    const moves = mayMove(change);
    const renamed = tableOf(before.inputs) !== tableOf(inputs);
    if (moves || renamed) {
        const where = moves ? ` on ${describeHost(host)}` : "";
        const unless = !renamed && machineChange(change) === "either" ? IF_DIFFERENT : "";
        return [
            `${relay}: ${unless}the firewall is loaded as table ${tableOf(inputs)}${where}: all traffic is denied there until the access rules are loaded`,
        ];
    }
    if (same(before.inputs.machine, machine) || machine === UNKNOWN) return [];
    return [
        `${relay}: the firewall is loaded on that machine: all traffic is denied there until the access rules are loaded`,
    ];
};

const networks: Effect<FirewallInputs, FirewallOutputs> = ({ before, inputs }) => {
    const { relay } = inputs;
    const both = (of: Properties | undefined, one: string): string =>
        listNames([of?.[one], of?.[`${one}6`]].filter((each) => each !== undefined).map(String));
    const [guarded, own] = ["subnet", "address"].map(
        (one) => [both(before?.inputs, one), both(inputs, one)] as const,
    ) as [readonly [string, string], readonly [string, string]];
    const instead = ([then, now]: readonly [string, string], what: string): string[] =>
        then === now ? [] : [`${relay}: the firewall ${what} ${now} instead of ${then}`];
    return [...instead(guarded, "guards"), ...instead(own, "expects the relay at")];
};

/** What the table that denies everything first means when it changes. */
export const firewallWording: Wording<FirewallInputs, FirewallOutputs> = {
    created: ({ inputs }) => [
        `${inputs.relay}: all traffic is denied unless a service or a grant allows it`,
        ...(inputs.routes === UNKNOWN ? [routesAwaited(inputs)] : forwardingSentences(inputs.relay, [], inputs.routes)),
        ...keepsForwarding(inputs),
    ],
    effects: {
        host: place,
        appName: place,
        interface: place,
        machine: place,
        // WireGuard tells.
        moved: toldElsewhere,
        subnet: networks,
        subnet6: networks,
        address: networks,
        address6: networks,
        interfaces: ({ before, inputs }) => {
            const [then, now] = [before?.inputs.interfaces, inputs.interfaces];
            return same(then, now)
                ? []
                : [`${inputs.relay}: the firewall guards ${listNames(now ?? [])} instead of ${listNames(then ?? [])}`];
        },
        timed: ({ before, inputs }) =>
            same(before?.inputs.timed, inputs.timed)
                ? []
                : [
                      `${inputs.relay}: the firewall can end access by itself from now on; no running connection is affected`,
                  ],
        routes: ({ before, inputs }) => {
            const { relay, role } = inputs;
            const { routes } = inputs;
            if (routes === UNKNOWN) return [routesAwaited(inputs)];
            return same(before?.inputs.routes, routes)
                ? []
                : [
                      `${relay}: networks reached through ${role === "leaf" ? "it" : "the relay"}: ${routes.join(", ") || "none"}; all other connections continue`,
                      ...forwardingSentences(relay, known(before?.inputs.routes) ?? [], routes),
                  ];
        },
    },
    closing: ({ inputs }, sentences) => {
        if (sentences.length > 0) return [];
        const goOn = inputs.machine === UNKNOWN ? "" : ", running connections continue";
        return [`${inputs.relay}: the firewall is reloaded; all access rules stay${goOn}`];
    },
};

function routesAwaited({ relay, role }: FirewallInputs): string {
    const whom = role === "leaf" ? "it" : "the relay";
    return `${relay}: the networks behind ${whom} are not known before the update: another resource supplies them`;
}

function tableOf(inputs: FirewallInputs): string {
    const { appName, interface: device } = inputs;
    return `inet ${tableName({ appName, interface: device })}`;
}
