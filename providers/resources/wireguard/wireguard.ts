import { keysOn, readBack } from "./readBack.js";
import { wireguardSchema } from "./schema.js";
import { readWireGuard, resolved, type WireGuardPlan } from "./inputs.js";
import { readWireGuardOutputs, type WireGuardOutputs } from "./outputs.js";
import { gone as goneTable } from "../../../core/protocol/revocation.js";
import { renderPeers } from "../../../core/protocol/peers.js";
import { renderLines } from "../../../core/protocol/table.js";
import { adoptsValue } from "../import/adoption.js";
import { compareFirst, compareInPreview, mayAdopt } from "../import/adoptionCheck.js";
import { wireguardInputs, wireguardOutputs } from "../import/imported.js";
import { ignoredChanges } from "../ledger/ignored.js";
import { awaitedChanges, awaitedPeers } from "../ledger/supplied.js";
import { machineChange } from "../inputSentences.js";
import { endpointsLeft } from "../relay/move.js";
import { unfitSecrets } from "./known.js";
import { clientWarnings, refuseRoutes, routeFailures } from "./peerRoutes.js";
import { targetOf } from "../relay/target.js";
import { goneKeys } from "../relay/proof.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import { UNKNOWN } from "../resource.js";
import { wireDrift } from "./drift.js";
import { kernelDrift, publicKeysIn, recordDrift } from "./recordDrift.js";
import { peerChanges, restoredPeers } from "./peerChanges.js";
import { epochOutputs, keyFiles, openRotation, previewEpochs, renderInterfaces } from "./epochs.js";
import { isLeaf, leafBegin, leafOutcomes } from "./leaf.js";
import {
    expectedPeers,
    formersAfter,
    formersIn,
    overlaps,
    renderRekeyed,
    unknownFormers,
    withKnownFormers,
} from "./overlap.js";
import { recordedKeys } from "./history.js";
import { expiryWarnings, overdue, withoutCut, withoutUnlisted } from "./expiry.js";
import { interfaceEnding } from "./ending.js";
import { beginOf, outcomesOf } from "./records.js";
import { withReplaced } from "./registry.js";
import { wireguardWording } from "./sentences.js";
import { desiredPeers, expectedOnWire, renderNetwork, wantedInterface } from "./desired.js";
import { checkKeys, refuseRevoked, unregistered } from "./checks.js";

/** The interface, its addresses and routes, and who is on it; its outputs are the authoritative registry. */
export const wireguardParts: RelayResourceParts<WireGuardPlan, WireGuardOutputs, "wireguard"> = {
    type: "WireGuard",
    description:
        "The WireGuard interface of a relay and its peers; outputs the authoritative registry as read back from the wire.",
    schema: wireguardSchema,
    step: "wireguard",
    parse: readWireGuard,
    parseOutputs: readWireGuardOutputs,
    ...wireguardWording,

    complete: withoutUnlisted,
    unfit: (inputs) => [...unfitSecrets(inputs)],
    check: (inputs) => [...checkKeys(inputs), ...routeFailures(inputs), ...unregistered(inputs)],

    adjust({ before, inputs, context }, changes) {
        if (before !== undefined) {
            refuseRevoked(before.outputs, inputs);
            for (const sentence of openRotation(inputs, before)) context.log("info", `${inputs.relay}: ${sentence}`);
        }
        // A peer who comes or goes is one change, not one in each map.
        const covered = (path: string): boolean =>
            /^(publicKeys|presharedKeys)\b/.test(path) && changes[path.replace(/^\w+/, "peers")] !== undefined;
        const others = Object.entries(changes).filter(([path]) => !covered(path) && !/^supplied\b/.test(path));
        return { ...Object.fromEntries(others), ...awaitedChanges(inputs.supplied) };
    },

    warnings: (change) => [
        ...ignoredChanges(change.inputs),
        ...expiryWarnings(change.inputs, new Date()),
        ...clientWarnings(change),
    ],
    restored: (change) =>
        restoredPeers(change).map((name) => ({
            kind: "peer",
            name,
            sentence: `${name} was removed first and is added again`,
        })),
    begin: (change) => (isLeaf(change.inputs) ? leafBegin(change) : beginOf(change)),
    foresee: (change) => compareInPreview(change, wantedInterface(change.inputs)),
    async first(change, running) {
        // Firewall came first, and recorded what is accepted.
        if (mayAdopt(change)) await compareFirst(change, wantedInterface(change.inputs), { target: running.target });
    },
    guard: ({ inputs }, facts) => refuseRoutes(inputs, facts),

    async desired(change) {
        const { inputs, before, context } = change;
        const args = resolved(inputs);
        const peers = desiredPeers(args);
        const inherited =
            before === undefined || machineChange(change) === "same"
                ? undefined
                : await endpointsLeft(targetOf(before.inputs, context), targetOf(inputs, context));
        return {
            values: {
                ...adoptsValue(inputs),
                identity: args.identity,
                role: inputs.role,
                overlap: args.keyOverlap,
                force: args.forceRetire,
            },
            files: {
                interfaces: renderInterfaces(args, inputs.interface),
                ...keyFiles(args, inputs.interface),
                peers: renderPeers(peers),
                rekeyed: renderRekeyed(change),
                formers: renderLines("formers", [...(await formersAfter(change))]),
                gone: goneTable.render(goneKeys(change)),
                network: renderNetwork(args),
                ...(inherited === undefined ? {} : { inherited }),
            },
        };
    },

    outputs: readBack,

    previewOutputs({ inputs, before }) {
        const isAwaited = inputs.supplied?.peers === UNKNOWN || awaitedPeers(inputs.supplied).length > 0;
        const unchanged = before !== undefined && !isAwaited && peerChanges({ before, inputs }).length === 0;
        return {
            ...previewEpochs({ inputs, ...(before === undefined ? {} : { before }) }),
            registry: unchanged ? before.outputs.registry : UNKNOWN,
        };
    },

    outcomes: (change, outputs, answer) =>
        isLeaf(change.inputs) ? leafOutcomes(change, outputs) : outcomesOf(change, outputs, answer),
    observed: (inputs, outputs, answer) => ({
        ...epochOutputs(inputs, answer),
        registry: withReplaced(outputs.registry ?? {}, overlaps(withKnownFormers(answer, formersIn(outputs)))),
    }),

    drift(inputs, outputs, observed) {
        const { interface: device } = inputs;
        const answer = withKnownFormers(observed, formersIn(outputs));
        const args = withoutCut(resolved(inputs), answer);
        const peers = expectedOnWire(args);
        return [
            ...wireDrift(args, peers, answer, device, publicKeysIn(outputs)),
            ...unknownFormers(observed, formersIn(outputs)),
            ...overdue(args, answer, keysOn(answer, args, device), new Date()),
            ...recordDrift(args, expectedPeers(peers, answer), answer),
            ...kernelDrift(answer),
        ];
    },

    async imported(found, answer) {
        const inputs = readWireGuard(wireguardInputs(found, answer));
        const { registry, ...outputs } = await wireguardOutputs(inputs);
        const replaced = overlaps(withKnownFormers(answer, await recordedKeys(inputs)));
        return {
            inputs,
            outputs: {
                ...outputs,
                registry: withReplaced(readWireGuardOutputs({ registry }).registry ?? {}, replaced),
            },
        };
    },

    ending: interfaceEnding,
};

export const wireguard = relayResource(wireguardParts);
