import { type HostInputs, type HostOutputs, readHost, readHostOutputs } from "./inputs.js";
import { takenBy } from "../../../core/addresses/index.js";
import { secondInterface } from "../../../core/keys/epochs.js";
import { HostError } from "../../../core/errors.js";
import { tableName } from "../../../core/names.js";
import { renderUnits } from "../../../core/units/index.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import { differsIn } from "../../../core/drift.js";
import { REPAIR } from "../../../core/repair.js";
import { admittedNow } from "../../../core/protocol/admitted.js";
import { hostValues } from "../../../core/protocol/facts.js";
import { type PartAnswers, bootManifest } from "../../../core/protocol/steps.js";
import type { Facts } from "../../hosts/facts.js";
import { describeHost, type HostDescriptor } from "../../hosts/descriptors.js";
import { connectionTo } from "../../hosts/connection.js";
import { relayValues, type Target } from "../../hosts/host.js";
import { isPostQuantum } from "../../hosts/sshLog.js";
import { hostWording, isReplaced } from "./sentences.js";
import { machineChange } from "../inputSentences.js";
import { recordedNetwork } from "../import/importing.js";
import { KEPT_INPUT } from "../keys/kept.js";
import { movedAfter } from "../relay/moved.js";
import { hasSameNames, targetOf } from "../relay/target.js";
import { admittedIn, takeAway, takesAway } from "../relay/removals.js";
import { isRenamed, renameRecords } from "../relay/rename.js";
import { RETAINED_INPUT, retainedRecords } from "../relay/retained.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import type { Change } from "../relay/change.js";
import { type Properties, UNKNOWN } from "../resource.js";
import { relaySchema } from "../schemas.js";

/** That the machine can run a relay. Reads what it is, so that a rebuilt one is noticed and filled again. */
export const hostParts: RelayResourceParts<HostInputs, HostOutputs, "host"> = {
    type: "Host",
    description:
        "Prepares a machine to run a relay: tools, directories, the boot program, units where there is systemd.",
    schema: relaySchema(
        {
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network (a ULA), CIDR.", optional: true },
            admitted: {
                type: { named: "AdmittedLines" },
                description: "The relay's peers, access rules and services, as lines of text: removals come first.",
                optional: true,
            },
            formerly: {
                type: { list: "string" },
                description: "Names that a managed peer had before, by its aliases. Never compared.",
                optional: true,
            },
            ...RETAINED_INPUT,
            ...KEPT_INPUT,
        },
        {
            machine: { type: "string", description: "Identity of the machine." },
            hostKey: { type: "string", description: "The SSH host key that was seen; empty without SSH." },
            keyExchange: { type: "string", description: "The key exchange that SSH negotiated; `none` without SSH." },
            wireguard: { type: "string", description: "`kernel` or `userspace` (wireguard-go)." },
            address: {
                type: "string",
                description: "The machine's own address: the relay's endpoint unless another one is given.",
            },
            supervisor: {
                type: "string",
                description: "`systemd` (units) or `processes` (supervised, with pid files).",
            },
            tools: { type: { map: "string" }, description: "Versions found: wg, nft, caddy, kernel." },
            client: {
                type: "string",
                description: "Where the last update that changed this connected from, over SSH.",
                optional: true,
            },
            moved: {
                type: { named: "HostMove" },
                description: "The last move to another place, and the former places. Absent: it never moved.",
            },
        },
    ),
    step: "host",
    parse: readHost,
    parseOutputs: readHostOutputs,
    ...hostWording,

    complete: withoutEndedRules,
    adjust: (change, changes) => ({
        ...changes,
        ...(isReplaced(change) ? { host: "update" as const } : {}),
        ...(takesAway(change) ? { admitted: "update" as const } : {}),
        ...(hasNewId(change) ? { relayId: "update" as const } : {}),
        // The relay's name is compared; what project and stack are called stands in what it is told of the log.
        ...("relay" in changes || !isRenamed(change) ? {} : { audit: "update" as const }),
    }),
    first: takeAway,

    begin: ({ inputs }) => ({
        action: "setup_relay",
        message: `Set up ${describeRelay(inputs.relay)} on ${describeHost(inputs.host)}`,
        details: details(inputs),
    }),

    guard(change, facts) {
        const { inputs, before } = change;
        refuseCopy(change, facts);
        refuseOverlap(inputs, facts, before === undefined ? [] : [before.inputs.interface]);
    },

    desired(change: Change<HostInputs, HostOutputs>) {
        const target = targetOf(change.inputs, change.context);
        const values = relayValues(target);
        const table = tableName(target.names);
        const units = renderUnits({
            name: values.name,
            etc: values.etc,
            run: values.run,
            interface: values.interface,
        });
        const { host: descriptor } = target;
        return Promise.resolve({
            values: { packages: descriptor.kind === "ssh" ? descriptor.packages : "require" },
            files: {
                "boot-manifest": bootManifest.render({ ...values, table }),
                ...Object.fromEntries(Object.entries(units).map(([unit, text]) => [`unit.${unit}`, text])),
            },
        });
    },

    outputs({ inputs, before, context, facts }, answer) {
        const { relay } = inputs;
        const now = found(answer);
        return {
            outputs: {
                ...now,
                ...movedAfter(before, inputs, now.machine),
                ...(facts?.client === undefined ? {} : { client: facts.client }),
                ...negotiatedSsh(targetOf(inputs, context), (sentence) =>
                    context.log("warning", `${relay}: ${sentence}`),
                ),
            },
            problems: [],
        };
    },

    // A machine stays the same machine until a refresh says otherwise.
    previewOutputs({ inputs, before }) {
        const isSame =
            before !== undefined &&
            !differsIn(before.outputs.drift, "machine") &&
            !isReplaced({ inputs, before }) &&
            machineChange({ inputs, before }) !== "either";
        if (isSame) {
            return differsIn(before.outputs.drift, "address")
                ? { ...before.outputs, address: UNKNOWN }
                : before.outputs;
        }
        return {
            machine: UNKNOWN,
            address: UNKNOWN,
            hostKey: UNKNOWN,
            keyExchange: UNKNOWN,
            wireguard: UNKNOWN,
            supervisor: UNKNOWN,
            tools: UNKNOWN,
        };
    },

    outcomes: (change, outputs) => [
        ...renameRecords(change),
        ...retainedRecords(change),
        {
            action: "setup_relay",
            message: `Relay ${change.inputs.relay} is set up on ${describeHost(change.inputs.host)}`,
            details: {
                ...details(change.inputs),
                wireguard: outputs.wireguard,
                supervisor: outputs.supervisor,
                machine: outputs.machine,
            },
        },
    ],

    drift(_inputs, outputs, answer) {
        const now = found(answer);
        if (now.machine !== outputs.machine) {
            return [
                {
                    kind: "machine",
                    sentence: `this is a different machine than the one that was set up; ${REPAIR} sets it up from scratch with the same keys and addresses`,
                },
            ];
        }
        return now.address === outputs.address
            ? []
            : [
                  {
                      kind: "address",
                      sentence: `the machine's own address is ${called(now.address)}, the state has ${called(outputs.address)}; ${REPAIR} records it, and peers with the former one need a new configuration unless the Relay has an \`endpoint\``,
                  },
              ];
    },

    imported({ placed: inputs, target }, answer) {
        const { subnet, subnet6 } = recordedNetwork(answer);
        const outputs = { ...found(answer), ...negotiatedSsh(target, () => undefined) };
        return Promise.resolve({
            inputs: { ...inputs, subnet, ...(subnet6 === undefined ? {} : { subnet6 }) },
            outputs,
        });
    },

    ending: (inputs) => [
        {
            action: "relay_destroy",
            message: `Removed ${describeRelay(inputs.relay)} from ${describeHost(inputs.host)}`,
            begin: `Remove ${describeRelay(inputs.relay)} from ${describeHost(inputs.host)}`,
            details: details(inputs),
        },
    ],
};

export const host = relayResource(hostParts);

/** An access rule that has ended is taken away already, and leaves the program unnoticed. */
function withoutEndedRules(inputs: Properties): Properties {
    const admitted = admittedIn(inputs);
    return admitted?.terms === undefined ? inputs : { ...inputs, admitted: admittedNow(admitted, new Date()) };
}

/** A state that was lost comes back with another seed, and so another id, which the machine is told by its first resource. */
function hasNewId({ before, inputs }: Change<HostInputs, HostOutputs>): boolean {
    const [then, now] = [before?.inputs.relayId, inputs.relayId];
    return typeof then === "string" && (typeof now === "string" || now === UNKNOWN) && then !== now;
}

/** How the machine is reached, and what a recording of that would be worth to a quantum computer. */
function negotiatedSsh(target: Target, warn: (sentence: string) => void): Properties {
    const negotiated = connectionTo(target.host, target.credentials).negotiated?.();
    if (negotiated === undefined) return { hostKey: "", keyExchange: "none" };
    if (!isPostQuantum(negotiated.keyExchange)) {
        warn(
            `SSH to ${describeHost(target.host)} negotiated ${negotiated.keyExchange}, which is not post-quantum: an attacker who records it now can decrypt the keys in it later; use OpenSSH 9.0 or newer on both sides`,
        );
    }
    return { hostKey: negotiated.hostKey, keyExchange: negotiated.keyExchange };
}

function called(address: unknown): string {
    return typeof address === "string" && address !== "" ? address : "none";
}

function details(inputs: HostInputs): Record<string, unknown> {
    const { relay, host: descriptor, interface: device } = inputs;
    return { relay, interface: device, provider: providerOf(descriptor), subnet: inputs.subnet };
}

function providerOf(host: HostDescriptor): string {
    return (host.kind === "ssh" ? host.instance?.provider : undefined) ?? host.kind;
}

function found(answer: PartAnswers<"host">): Properties {
    const { one } = hostValues.parse(answer.host);
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
function refuseOverlap(inputs: HostInputs, facts: Facts, formerly: string[]): void {
    const { interface: device, host: descriptor } = inputs;
    const ours = ["lo", ...[device, ...formerly].flatMap((name) => [name, secondInterface(name)])];
    for (const subnet of [inputs.subnet, inputs.subnet6]) {
        if (typeof subnet !== "string") continue;
        const taken = takenBy(subnet, facts, ours);
        if (taken !== undefined) {
            throw new HostError(
                `subnet ${subnet}`,
                `overlaps ${taken.network}, which ${describeHost(descriptor)} has on ${taken.device}`,
                "choose a tunnel network that the machine does not use",
            );
        }
    }
}

/** Two machines out of one image can bear one id: the relay would be taken for one that is there already. */
function refuseCopy({ inputs, before }: Change<HostInputs, HostOutputs>, facts: Facts): void {
    if (before === undefined || machineChange({ inputs, before }) !== "either") return;
    const [then, now] = [before.inputs, inputs];
    if (!hasSameNames(then, now) || facts.machine !== before.outputs.machine || facts.owner !== undefined) return;
    throw new HostError(
        describeHost(now.host),
        `has the machine id of ${describeHost(then.host)}, but no relay: it is a copy of that machine, or the relay's records on it are missing`,
        `give a copy a new id (\`rm /etc/machine-id && systemd-machine-id-setup\`); restore missing records with ${REPAIR} before \`host\` changes`,
    );
}
