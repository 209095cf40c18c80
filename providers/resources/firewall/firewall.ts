import { listOf, read, text } from "../shape.js";
import { readWireGuard, type WireGuardPlan } from "../wireguard/inputs.js";
import { isMap } from "../changes.js";
import { type FirewallInputs, type FirewallOutputs, readFirewall, readFirewallOutputs } from "./inputs.js";
import { type ParsedTable, parseTable as parseNft, renderSkeleton } from "../../../core/nftables/index.js";
import { tableName } from "../../../core/names.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import { REPAIR } from "../../../core/repair.js";
import type { CommonAnswers, Observing } from "../../../core/protocol/steps.js";
import { expectedTable, tableDrift } from "./drift.js";
import { firewallWording } from "./sentences.js";
import { firewallInputs } from "../import/imported.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import { type Properties, UNKNOWN } from "../resource.js";
import { ADOPTS_INPUT, adoptsValue } from "../import/adoption.js";
import { compareFirst, compareInPreview, mayAdopt, TERMS_INPUT } from "../import/adoptionCheck.js";
import { MACHINE_INPUT, relaySchema } from "../schemas.js";
import { wantedInterface } from "../wireguard/desired.js";

/** The table that denies everything first: guard, default-deny chains, empty sets, NAT for declared routes. */
export const firewallParts: RelayResourceParts<FirewallInputs, FirewallOutputs, "firewall"> = {
    type: "Firewall",
    description: "The nftables table of a relay: guard, default-deny chains, empty sets, NAT for declared routes.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network, CIDR.", optional: true },
            address: { type: "string", description: "The relay's own tunnel address." },
            address6: { type: "string", description: "The relay's own IPv6 tunnel address.", optional: true },
            interfaces: { type: { list: "string" }, description: "Every WireGuard interface of this relay." },
            routes: { type: { list: "string" }, description: "Networks behind the relay: the only ones NATed." },
            timed: { type: "boolean", description: "There are sets for access that ends.", optional: true },
            ...ADOPTS_INPUT,
            ...TERMS_INPUT,
            wanted: {
                type: { named: "WantedInterface" },
                description: "WireGuard's settings, to compare an adopted interface with.",
                optional: true,
            },
            seed: { type: "string", description: "As for WireGuard.", secret: true, optional: true },
            presharedKeys: { type: { map: "string" }, description: "As for WireGuard.", secret: true, optional: true },
        },
        {
            table: { type: "string", description: "Name of the table, family inet." },
            chains: { type: { map: { list: "string" } }, description: "The rules as the kernel lists them, by chain." },
            sets: {
                type: { map: "string" },
                description: "Type, flags and size of each set as the kernel lists them.",
            },
        },
    ),
    step: "firewall",
    parse: readFirewall,
    parseOutputs: readFirewallOutputs,
    ...firewallWording,

    complete: (inputs, olds) => withTimedSets(withoutAdopted(inputs, olds), olds),
    // What WireGuard will be told is read only where an interface may be taken over: elsewhere this resource is not told it.
    foresee: (change) => compareInPreview(change, (device) => wantedInterface(asOfWireGuard(change.inputs))(device)),
    async first(change, running) {
        if (mayAdopt(change)) await compareFirst(change, wantedInterface(asOfWireGuard(change.inputs)), running);
    },

    begin: ({ inputs }) => ({
        action: "firewall_apply",
        message: `Load the default-deny table of ${describeRelay(inputs.relay)}`,
        details: details(inputs),
    }),

    desired({ inputs }) {
        const { interface: device, appName } = inputs;
        const table = renderSkeleton({
            table: tableName({ appName, interface: device }),
            interface: device,
            interfaces: inputs.interfaces ?? [device],
            subnet: inputs.subnet,
            address: read(text, inputs.address, "address"),
            routes: read(listOf(text), inputs.routes, "routes"),
            ...(inputs.role === "leaf" ? { leaf: true } : {}),
            ...(inputs.timed === true ? { timed: true } : {}),
            ...(inputs.subnet6 === undefined
                ? {}
                : { subnet6: inputs.subnet6, address6: read(text, inputs.address6, "address6") }),
        });
        return Promise.resolve({ values: adoptsValue(inputs), files: { "firewall.nft": table } });
    },

    outputs({ inputs }, answer) {
        const table = listed(answer);
        const outputs = { table: nameOf(inputs), chains: table?.chains ?? {}, sets: table?.definitions ?? {} };
        return { outputs, problems: table === undefined ? ["the table does not exist after it was loaded"] : [] };
    },

    previewOutputs: ({ inputs, before }) => ({
        table: nameOf(inputs),
        chains: before === undefined ? UNKNOWN : before.outputs.chains,
        ...(before === undefined || before.outputs.sets !== undefined
            ? { sets: before === undefined ? UNKNOWN : before.outputs.sets }
            : {}),
    }),

    outcomes: ({ inputs }) => [
        {
            action: "firewall_apply",
            message: `The default-deny table of ${describeRelay(inputs.relay)} is loaded`,
            details: details(inputs),
        },
    ],

    drift(inputs, outputs, answer) {
        const table = listed(answer);
        if (table === undefined) {
            return [
                {
                    kind: "table",
                    sentence: `the nftables table inet ${nameOf(inputs)} is missing: the tunnel is not protected; ${REPAIR} loads it again`,
                },
            ];
        }
        return tableDrift(nameOf(inputs), expectedTable(inputs, outputs, answer), table, answer["elements.differ"]);
    },

    imported(found, answer) {
        const inputs = readFirewall(firewallInputs(found, answer));
        const table = listed(answer);
        const outputs = { table: nameOf(inputs), chains: table?.chains ?? {}, sets: table?.definitions ?? {} };
        return Promise.resolve({ inputs, outputs });
    },

    ending: (inputs) => [
        {
            action: "firewall_remove",
            message: `Removed the table of ${describeRelay(inputs.relay)}`,
            begin: `Remove the table of ${describeRelay(inputs.relay)}`,
            details: details(inputs),
        },
    ],
};

export const firewall = relayResource(firewallParts);

/** What the interface is compared with is kept no longer than it takes to adopt it. */
function withoutAdopted(inputs: Properties, olds: Properties | undefined): Properties {
    if (olds === undefined) return inputs;
    if (mayAdopt({ before: { inputs: readFirewall(olds) }, inputs: readFirewall(inputs) })) return inputs;
    const { adoption: _terms, wanted: _wanted, seed: _seed, presharedKeys: _keys, ...others } = inputs;
    return others;
}

/** A table that once got the sets of access that ends keeps them: what has ended is no reason to change it again. */
function withTimedSets(inputs: Properties, olds: Properties | undefined): Properties {
    return olds?.timed === true ? { ...inputs, timed: true } : inputs;
}

/** As WireGuard will be told, of which the interface is made. */
function asOfWireGuard({ wanted, ...inputs }: FirewallInputs): WireGuardPlan {
    return readWireGuard({ ...inputs, ...(isMap(wanted) ? wanted : {}) });
}

/** The table as the kernel lists it; undefined when it is gone. */
export function listed(answer: CommonAnswers<"firewall" | "grants" | Observing>): ParsedTable | undefined {
    return answer.nft === undefined ? undefined : parseNft(JSON.parse(answer.nft));
}

function nameOf(inputs: FirewallInputs): string {
    const { appName, interface: device } = inputs;
    return tableName({ appName, interface: device });
}

function details(inputs: FirewallInputs): Record<string, unknown> {
    return { relay: inputs.relay, table: nameOf(inputs), subnet: inputs.subnet, routes: inputs.routes };
}
