import { parseTable as parseNft, renderSkeleton, type ParsedTable } from "../../core/nftables.js";
import { tableName } from "../../core/names.js";
import { describeRelay } from "../../core/leaf.js";
import type { Files } from "../hosts/bundle.js";
import { same } from "./changes.js";
import { firewallInputs } from "./imported.js";
import { placed } from "./placed.js";
import { relayResource, type RelayResourceParts } from "./relayResource.js";
import { UNKNOWN, type Properties } from "./resource.js";
import { ADOPTS_INPUT, adoptsValue, keepsForwarding } from "./adoption.js";
import { MACHINE_INPUT, relaySchema } from "./schemas.js";
import { count } from "./words.js";

/** The table that denies everything first: guard, default-deny chains, empty sets, NAT for declared routes. */
export const firewallParts: RelayResourceParts = {
    type: "Firewall",
    description: "The nftables table of a relay: guard, default-deny chains, empty sets, NAT for declared routes.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network, CIDR.", optional: true },
            address: { type: "string", description: "The relay's own tunnel address." },
            address6: { type: "string", description: "The relay's own IPv6 tunnel address.", optional: true },
            interfaces: { type: "array", description: "Every WireGuard interface of this relay." },
            routes: { type: "array", description: "Networks behind the relay: the only ones NATed." },
            ...ADOPTS_INPUT,
        },
        {
            table: { type: "string", description: "Name of the table, family inet." },
            chains: { type: "object", description: "The rules as the kernel lists them, by chain." },
        },
    ),
    step: "firewall",
    compared: ["machine", "subnet", "subnet6", "address", "address6", "interfaces", "routes"],

    sentences({ inputs, before }) {
        const { relay } = placed(inputs);
        const routes = inputs.routes as string[];
        if (before === undefined)
            return [`${relay}: everything is denied that no service and no grant allows`, ...keepsForwarding(inputs)];
        return same(before.inputs.routes, routes)
            ? [`${relay}: the firewall is loaded again; what is allowed stays allowed, running connections go on`]
            : [
                  `${relay}: networks reached through ${placed(inputs).role === "leaf" ? "it" : "the relay"}: ${routes.join(", ") || "none"}; running connections of others go on`,
              ];
    },

    begin: ({ inputs }) => ({
        action: "firewall_apply",
        message: `Load the default-deny table of ${describeRelay(placed(inputs).relay)}`,
        details: details(inputs),
    }),

    desired({ inputs }) {
        const { interface: device, appName } = placed(inputs);
        const text = renderSkeleton({
            table: tableName({ appName, interface: device }),
            interface: device,
            interfaces: inputs.interfaces as string[],
            subnet: inputs.subnet as string,
            address: inputs.address as string,
            routes: inputs.routes as string[],
            ...(placed(inputs).role === "leaf" ? { leaf: true } : {}),
            ...(inputs.subnet6 === undefined
                ? {}
                : { subnet6: inputs.subnet6 as string, address6: inputs.address6 as string }),
        });
        return Promise.resolve({ values: adoptsValue(inputs), files: { "firewall.nft": text } });
    },

    outputs({ inputs }, answer) {
        const table = listed(answer);
        const outputs = { table: nameOf(inputs), chains: table?.chains ?? {} };
        return { outputs, problems: table === undefined ? ["the table is not there after it was loaded"] : [] };
    },

    previewOutputs: ({ inputs, before }) => ({
        table: nameOf(inputs),
        chains: before === undefined ? UNKNOWN : before.outputs.chains,
    }),

    outcomes: ({ inputs }) => [
        {
            action: "firewall_apply",
            message: `The default-deny table of ${describeRelay(placed(inputs).relay)} is loaded`,
            details: details(inputs),
        },
    ],

    drift(inputs, outputs, answer) {
        const table = listed(answer);
        if (table === undefined) {
            return {
                table: `the nftables table inet ${nameOf(inputs)} is gone: nothing guards the tunnel; the next up loads it again`,
            };
        }
        return chainDrift(nameOf(inputs), outputs.chains as Record<string, string[]>, table.chains);
    },

    imported(found, answer) {
        const inputs = firewallInputs(found, answer);
        const outputs = { table: nameOf(inputs), chains: listed(answer)?.chains ?? {} };
        return Promise.resolve({ inputs, outputs });
    },

    ending: (inputs) => [
        {
            action: "firewall_remove",
            message: `Removed the table of ${describeRelay(placed(inputs).relay)}`,
            details: details(inputs),
        },
    ],
};

export const firewall = relayResource(firewallParts);

/** The table as the kernel lists it; undefined when it is gone. */
export function listed(answer: Files): ParsedTable | undefined {
    return answer.nft === undefined ? undefined : parseNft(JSON.parse(answer.nft));
}

function nameOf(inputs: Properties): string {
    const { appName, interface: device } = placed(inputs);
    return tableName({ appName, interface: device });
}

function details(inputs: Properties): Record<string, unknown> {
    return { relay: placed(inputs).relay, table: nameOf(inputs), subnet: inputs.subnet, routes: inputs.routes };
}

function chainDrift(
    table: string,
    before: Record<string, string[]>,
    now: Record<string, string[]>,
): Record<string, string> {
    const drift: Record<string, string> = {};
    for (const chain of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const wanted = before[chain];
        const live = now[chain];
        if (wanted === undefined)
            drift[`chain ${chain}`] = `chain ${chain} of table ${table} is not ours; the next up removes it`;
        else if (live === undefined)
            drift[`chain ${chain}`] = `chain ${chain} of table ${table} is gone; the next up loads it again`;
        else if (!same(wanted, live)) {
            const missing = wanted.filter((rule) => !live.includes(rule)).length;
            const foreign = live.filter((rule) => !wanted.includes(rule)).length;
            const what = [
                missing > 0 ? `${count(missing, "rule")} missing` : "",
                foreign > 0 ? count(foreign, "foreign rule") : "",
            ]
                .filter(Boolean)
                .join(", ");
            drift[`chain ${chain}`] =
                `chain ${chain} of table ${table} was changed (${what || "other order"}); the next up loads it again`;
        }
    }
    return drift;
}
