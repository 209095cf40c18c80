import { overlaps } from "../../core/addresses.js";
import { HostError } from "../../core/errors.js";
import { conflicts } from "../../core/nftables.js";
import { tableName } from "../../core/names.js";
import { renderUnits } from "../../core/units.js";
import { describeRelay } from "../../core/leaf.js";
import { formatTable, parseTable } from "../hosts/bundle.js";
import type { Facts } from "../hosts/facts.js";
import { describeHost, hostKeyOf, isOtherInstance, isSameMachine, type HostDescriptor } from "../hosts/descriptors.js";
import { connectionTo } from "../hosts/connection.js";
import { relayValues, type Target } from "../hosts/host.js";
import { isPostQuantum } from "../hosts/sshLog.js";
import type { Files } from "../hosts/bundle.js";
import { isMap } from "./changes.js";
import { recordedNetwork } from "./importing.js";
import { placed, targetOf } from "./placed.js";
import { relayResource, type Change, type RelayResourceParts } from "./relayResource.js";
import { UNKNOWN, type Properties } from "./resource.js";
import { relaySchema } from "./schemas.js";

/** That the machine can run a relay. Reads what it is, so that a rebuilt one is noticed and filled again. */
export const hostParts: RelayResourceParts = {
    type: "Host",
    description:
        "That a machine can run a relay: tools, directories, the program for boots, units where there is systemd.",
    schema: relaySchema(
        {
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network (a ULA), CIDR.", optional: true },
        },
        {
            machine: { type: "string", description: "Identity of the machine." },
            hostKey: { type: "string", description: "The SSH host key that was seen; empty without SSH." },
            keyExchange: { type: "string", description: "The key exchange that SSH negotiated; `none` without SSH." },
            wireguard: { type: "string", description: "`kernel` or `userspace` (wireguard-go)." },
            address: {
                type: "string",
                description: "The machine's own address: peers reach the relay there unless an endpoint is given.",
            },
            supervisor: {
                type: "string",
                description: "`systemd` (units) or `processes` (supervised, with pid files).",
            },
            tools: { type: "object", description: "Versions found: wg, nft, caddy, kernel." },
        },
    ),
    step: "host",
    compared: ["subnet", "subnet6"],

    adjust: (change, changes) => (isReplaced(change) ? { ...changes, host: "update" } : changes),

    sentences({ inputs, before }) {
        const { relay, host: descriptor, appName, interface: device } = placed(inputs);
        if (before === undefined) return [`${relay}: is set up on ${describeHost(descriptor)}`];
        const then = placed(before.inputs);
        if (!isSameMachine(then.host, descriptor)) {
            return [
                `${relay}: moves from ${describeHost(then.host)} to ${describeHost(descriptor)}, with the same keys and addresses; ${isInstance(then.host) ? "the old machine is deleted last" : "the old place is emptied last"}`,
            ];
        }
        if (isReplaced({ inputs, before }) && descriptor.kind === "ssh" && descriptor.instance !== undefined) {
            return [
                `${relay}: is set up on the new machine behind ${hostKeyOf(descriptor)}, with the same keys and addresses; every peer is interrupted until the new machine calls it, or for 15 s if the old one cannot say where it is`,
            ];
        }
        if (then.interface !== device || then.appName !== appName) {
            return [
                `${relay}: is taken down as ${then.appName}-${then.interface} and brought up as ${appName}-${device}: every peer is interrupted, up to 15 s until its next handshake`,
            ];
        }
        return [`${relay}: is checked again on ${describeHost(descriptor)}`];
    },

    begin: ({ inputs }) => ({
        action: "setup_relay",
        message: `Set up ${describeRelay(placed(inputs).relay)} on ${describeHost(placed(inputs).host)}`,
        details: details(inputs),
    }),

    guard({ inputs, before }, facts) {
        refuseOverlap(inputs, facts, before === undefined ? [] : [placed(before.inputs).interface]);
    },

    desired(change: Change) {
        const target = targetOf(change.inputs, change.context);
        const values = relayValues(target);
        const table = tableName(target.names);
        const units = renderUnits({
            name: values.name ?? "",
            etc: values.etc ?? "",
            run: values.run ?? "",
            interface: target.names.interface,
        });
        const { host: descriptor } = target;
        return Promise.resolve({
            values: { packages: descriptor.kind === "ssh" ? descriptor.packages : "require" },
            files: {
                "boot-manifest": formatTable({ ...values, table }),
                ...Object.fromEntries(Object.entries(units).map(([unit, text]) => [`unit.${unit}`, text])),
            },
        });
    },

    outputs({ inputs, context }, answer) {
        const { relay, interface: device } = placed(inputs);
        const table = tableName(targetOf(inputs, context).names);
        for (const sentence of conflicts(json(answer.ruleset), table, [device]))
            context.log("warning", `${relay}: ${sentence}`);
        return {
            outputs: {
                ...found(answer),
                ...wayThere(targetOf(inputs, context), (sentence) => context.log("warning", `${relay}: ${sentence}`)),
            },
            problems: [],
        };
    },

    // A machine stays the same machine until a refresh says otherwise.
    previewOutputs: ({ inputs, before }) =>
        before === undefined || hasDrift(before.outputs) || isReplaced({ inputs, before })
            ? {
                  machine: UNKNOWN,
                  address: UNKNOWN,
                  hostKey: UNKNOWN,
                  keyExchange: UNKNOWN,
                  wireguard: UNKNOWN,
                  supervisor: UNKNOWN,
                  tools: UNKNOWN,
              }
            : before.outputs,

    outcomes: ({ inputs }, outputs) => [
        {
            action: "setup_relay",
            message: `Relay ${placed(inputs).relay} is set up on ${describeHost(placed(inputs).host)}`,
            details: {
                ...details(inputs),
                wireguard: outputs.wireguard,
                supervisor: outputs.supervisor,
                machine: outputs.machine,
            },
        },
    ],

    drift(_inputs, outputs, answer) {
        const now = found(answer);
        return now.machine === outputs.machine
            ? {}
            : {
                  machine:
                      "this is another machine than the one that was set up; the next up sets it up and fills it again",
              };
    },

    imported({ placed: inputs, target }, answer) {
        const { subnet, subnet6 } = recordedNetwork(answer);
        const outputs = { ...found(answer), ...wayThere(target, () => undefined) };
        return Promise.resolve({
            inputs: { ...inputs, subnet, ...(subnet6 === undefined ? {} : { subnet6 }) },
            outputs,
        });
    },

    ending: (inputs) => [
        {
            action: "relay_destroy",
            message: `Removed ${describeRelay(placed(inputs).relay)} from ${describeHost(placed(inputs).host)}`,
            details: details(inputs),
        },
    ],
};

export const host = relayResource(hostParts);

/** How the machine is reached, and what a recording of that would be worth to a quantum computer. */
function wayThere(target: Target, warn: (sentence: string) => void): Properties {
    const negotiated = connectionTo(target.host, target.credentials).negotiated?.();
    if (negotiated === undefined) return { hostKey: "", keyExchange: "none" };
    if (!isPostQuantum(negotiated.keyExchange)) {
        warn(
            `SSH to ${describeHost(target.host)} negotiated ${negotiated.keyExchange}, which is not post-quantum: who records it now can read the keys in it later; OpenSSH 9.0 or newer on both sides does better`,
        );
    }
    return { hostKey: negotiated.hostKey, keyExchange: negotiated.keyExchange };
}

/** Whether the program made another machine behind the same address. */
function isReplaced({ inputs, before }: Pick<Change, "inputs" | "before">): boolean {
    return before !== undefined && isOtherInstance(placed(before.inputs).host, placed(inputs).host);
}

function hasDrift({ drift }: Properties): boolean {
    return isMap(drift) && Object.keys(drift).length > 0;
}

function details(inputs: Properties): Record<string, unknown> {
    const { relay, host: descriptor, interface: device } = placed(inputs);
    return { relay, interface: device, provider: providerOf(descriptor), subnet: inputs.subnet };
}

/** Whether it is a cloud machine that its own resource makes and deletes. */
function isInstance(host: HostDescriptor): boolean {
    return host.kind === "ssh" && host.instance !== undefined;
}

function providerOf(host: HostDescriptor): string {
    return (host.kind === "ssh" ? host.instance?.provider : undefined) ?? host.kind;
}

function found(answer: Files): Properties {
    const table = parseTable(answer.host ?? "");
    const one = (key: string): string | undefined => table.get(key)?.[0];
    const tools = { wg: one("wg"), nft: one("nft"), caddy: one("caddy"), kernel: one("kernel") };
    return {
        machine: one("machine"),
        address: one("address"),
        wireguard: one("wireguard"),
        supervisor: one("supervisor"),
        tools: Object.fromEntries(Object.entries(tools).filter(([, version]) => version !== undefined)),
    };
}

/** A tunnel network that the machine already routes elsewhere would take that network away from it. */
function refuseOverlap(inputs: Properties, facts: Facts, formerly: string[]): void {
    const { interface: device, host: descriptor } = placed(inputs);
    const ours = ["lo", device, ...formerly];
    for (const subnet of [inputs.subnet, inputs.subnet6]) {
        if (typeof subnet !== "string") continue;
        const taken = [
            ...facts.addresses.map(({ device: on, address }) => ({ on, network: address })),
            ...facts.routes.map(({ device: on, destination }) => ({ on, network: destination })),
        ].find(({ on, network }) => !ours.includes(on) && isCidr(network) && overlaps(subnet, network));
        if (taken !== undefined) {
            throw new HostError(
                `subnet ${subnet}`,
                `overlaps ${taken.network}, which ${describeHost(descriptor)} has on ${taken.on}`,
                "choose a network for the tunnel that the machine does not use",
            );
        }
    }
}

function isCidr(text: string): boolean {
    return text.includes("/") && !text.startsWith("fe80") && !text.startsWith("ff");
}

function json(text: string | undefined): unknown {
    return text === undefined || text.trim() === "" ? undefined : JSON.parse(text);
}
