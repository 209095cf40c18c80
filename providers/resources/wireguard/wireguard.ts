import { gone as goneTable, leftInWords, notGone, parseRevocation } from "../../../core/protocol/revocation.js";
import { renderPeers } from "../../../core/protocol/peers.js";
import { linesOf, renderLines } from "../../../core/protocol/table.js";
import { currentUser } from "../../audit/actor.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { adoptionOf, ADOPTS_INPUT, adoptsValue } from "../import/adoption.js";
import { compareFirst, compareInPreview, mayAdopt, TERMS_INPUT } from "../import/adoptionCheck.js";
import { wireguardInputs, wireguardOutputs } from "../import/imported.js";
import { ignoredChanges } from "../ledger/ignored.js";
import { arrival } from "../inputSentences.js";
import { endpointsLeft } from "../relay/move.js";
import { KEPT_INPUT } from "../keys/kept.js";
import { unfitSecrets } from "./known.js";
import { clientWarnings, refuseRoutes, routeFailures } from "./peerRoutes.js";
import { placed } from "../relay/placed.js";
import { targetOf } from "../relay/target.js";
import { goneKeys } from "../relay/proof.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import type { Change } from "../relay/change.js";
import { UNKNOWN } from "../resource.js";
import { MACHINE_INPUT, relaySchema } from "../schemas.js";
import { dumpOf, wireDrift } from "./drift.js";
import { kernelDrift, publicKeysIn, recordDrift } from "./recordDrift.js";
import { peerChanges, restoredPeers } from "./peerChanges.js";
import { epochOutputs, keyFiles, openRotation, placesOf, previewEpochs, renderInterfaces } from "./epochs.js";
import { rogueCutOff } from "../sentences.js";
import { isLeaf, LEAF_INPUT, leafBegin, leafOutcomes } from "./leaf.js";
import {
    expectedPeers,
    formersAfter,
    formersIn,
    overlaps,
    renderRekeyed,
    unknownFormers,
    withKnownFormers,
} from "./overlap.js";
import { recordedKeys, recordedRegistry } from "./history.js";
import { cutNames, expiredOn, expiryWarnings, overdue, withoutCut, withoutUnlisted } from "./expiry.js";
import { interfaceEnding } from "./ending.js";
import { beginOf, outcomesOf } from "./records.js";
import { registryAfter, type RegistryEntry, withReplaced } from "./registry.js";
import { wireguardWording } from "./sentences.js";
import { type WireGuardInputs } from "./inputs.js";
import { desiredPeers, expectedOnWire, renderNetwork, resolved, wantedInterface } from "./desired.js";
import { checkKeys, refuseRevoked, unregistered } from "./checks.js";

/** The interface, its addresses and routes, and who is on it; its outputs are the authoritative registry. */
export const wireguardParts: RelayResourceParts = {
    type: "WireGuard",
    description:
        "The WireGuard interface of a relay and its peers; outputs the authoritative registry as read back from the wire.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            address: { type: "string", description: "The relay's tunnel address." },
            address6: { type: "string", description: "The relay's IPv6 tunnel address.", optional: true },
            prefix: { type: "integer", description: "Prefix length of the tunnel's network." },
            prefix6: { type: "integer", description: "Prefix length of the tunnel's IPv6 network.", optional: true },
            listenPort: { type: "integer", description: "UDP port of odd key epochs; even ones have the next." },
            epochs: { type: "array", description: "Key epochs of the relay: one, or two while its key is rotated." },
            mtu: { type: "integer", description: "MTU of the interface in bytes." },
            privateKeys: {
                type: "object",
                description: "The relay's private keys, by epoch; none where they are made on the relay.",
                secret: true,
                optional: true,
            },
            identity: { type: "string", description: "`host`: the relay makes its keys itself.", optional: true },
            peerNames: {
                type: "string",
                description:
                    "Names of the peers in the registry, which `peers` has too unless its changes are ignored.",
                optional: true,
            },
            forceRetire: {
                type: "integer",
                description: "A key epoch to retire although peers still use it.",
                optional: true,
            },
            keyOverlap: {
                type: "integer",
                description: "Seconds in which a peer's replaced key still works beside the new one. Default: 0.",
                optional: true,
            },
            subnet: { type: "string", description: "The tunnel's IPv4 network, CIDR." },
            subnet6: { type: "string", description: "The tunnel's IPv6 network, CIDR.", optional: true },
            seed: { type: "string", description: "What preshared keys are derived from.", secret: true },
            peers: { type: "object", description: "Peers by name, from Registry." },
            listed: {
                type: "array",
                description: "Who the program lists without an expiry: the registry has to know them all.",
                optional: true,
            },
            publicKeys: { type: "object", description: "Public keys that were generated, by peer." },
            presharedKeys: {
                type: "object",
                description: "Preshared keys a program gave, by peer; `none` for none.",
                secret: true,
            },
            routes: { type: "array", description: "Networks behind the relay." },
            reached: {
                type: "object",
                description: "Where the relay is reached, as far as it is known: no peer's route may hold that.",
                optional: true,
            },
            ...LEAF_INPUT,
            ...ADOPTS_INPUT,
            ...TERMS_INPUT,
            ...KEPT_INPUT,
        },
        {
            publicKey: { type: "string", description: "The relay's public key, of its newest epoch." },
            epochs: { type: "object", description: "Interface, UDP port and public key of each key epoch." },
            onEpoch: {
                type: "object",
                description: "While the relay's key is rotated: the epoch each peer used last, by name.",
            },
            registry: {
                type: "object",
                description: "Every peer there ever was: address, key, status, since, revoked at.",
            },
        },
    ),
    step: "wireguard",
    ...wireguardWording,

    complete: withoutUnlisted,
    check: (inputs) => [
        ...unfitSecrets(inputs),
        ...checkKeys(inputs),
        ...routeFailures(inputs),
        ...unregistered(inputs),
    ],

    adjust({ before, inputs, context }, changes) {
        if (before !== undefined) {
            refuseRevoked(before.outputs, inputs);
            for (const sentence of openRotation(inputs, before))
                context.log("info", `${placed(inputs).relay}: ${sentence}`);
        }
        // A peer who comes or goes is one change, not one in each map.
        const covered = (path: string): boolean =>
            /^(publicKeys|presharedKeys)\b/.test(path) && changes[path.replace(/^\w+/, "peers")] !== undefined;
        return Object.fromEntries(Object.entries(changes).filter(([path]) => !covered(path)));
    },

    warnings: (change) => [
        ...ignoredChanges(change.inputs),
        ...expiryWarnings(change.inputs, new Date()),
        ...clientWarnings(change),
    ],
    restored: (change) =>
        Object.fromEntries(
            restoredPeers(change).map((name) => [`peer ${name}`, `${name} was taken away first and is added again`]),
        ),
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
            before === undefined || arrival(change) === "same"
                ? undefined
                : await endpointsLeft(targetOf(before.inputs, context), targetOf(inputs, context));
        return {
            values: {
                ...adoptsValue(inputs),
                identity: args.identity,
                role: placed(inputs).role,
                overlap: args.keyOverlap,
                force: args.forceRetire,
            },
            files: {
                interfaces: renderInterfaces(args, placed(inputs).interface),
                ...keyFiles(args, placed(inputs).interface),
                peers: renderPeers(peers),
                rekeyed: renderRekeyed(change),
                formers: renderLines("formers", [...(await formersAfter(change))]),
                gone: goneTable.render(goneKeys(change)),
                network: renderNetwork(args),
                ...(inherited === undefined ? {} : { inherited }),
            },
        };
    },

    async outputs(change, told) {
        const answer = withKnownFormers(told, await formersAfter(change));
        const args = resolved(change.inputs);
        const { interface: device } = placed(change.inputs);
        const admitted = withoutCut(args, answer);
        const gone = goneKeys(change);
        const revocation = parseRevocation(answer.proof);
        const problems = [
            ...Object.values(wireDrift(admitted, desiredPeers(admitted), answer, device)),
            ...(revocation === undefined ? [] : leftInWords(revocation, gone)),
        ];
        const known = new Set([
            ...peerChanges(change).flatMap(({ publicKey, oldPublicKey }) => [publicKey, oldPublicKey]),
            ...gone.map(({ publicKey }) => publicKey),
            ...expiredOn(answer).map(({ publicKey }) => publicKey),
            ...Object.values((change.before?.outputs.registry ?? {}) as Record<string, RegistryEntry>).map(
                ({ replaces }) => replaces,
            ),
        ]);
        const foreign = linesOf(answer.removed)
            // What a refresh has named is recorded as drift already.
            .filter((key) => !known.has(key) && !hasNamed(change, key))
            .map(rogueCutOff);
        for (const sentence of foreign) change.context.log("warning", `${placed(change.inputs).relay}: ${sentence}`);
        const past =
            (change.before?.outputs.registry as Record<string, RegistryEntry> | undefined) ??
            (await recordedRegistry(change.inputs));
        const registry = registryAfter(change, past, args, {
            onWire: new Set([...keysOn(answer, args, device), ...notGone(revocation, gone)]),
            cut: cutNames(args, answer),
            replaced: overlaps(answer),
            now: new Date().toISOString(),
            by: currentUser(),
        });
        const records = adoptionOf(change, answer);
        return { outputs: { ...epochOutputs(change.inputs, answer), registry }, problems, foreign, records };
    },

    previewOutputs({ inputs, before }) {
        const unchanged = before !== undefined && peerChanges({ before, inputs }).length === 0;
        return {
            ...previewEpochs({ inputs, ...(before === undefined ? {} : { before }) }),
            registry: unchanged ? before.outputs.registry : UNKNOWN,
        };
    },

    outcomes: (change, outputs, answer) =>
        isLeaf(change.inputs) ? leafOutcomes(change, outputs) : outcomesOf(change, outputs, answer),
    observed: (inputs, outputs, answer) => ({
        ...epochOutputs(inputs, answer),
        registry: withReplaced(
            outputs.registry as Record<string, RegistryEntry>,
            overlaps(withKnownFormers(answer, formersIn(outputs))),
        ),
    }),

    drift(inputs, outputs, told) {
        const { interface: device } = placed(inputs);
        const answer = withKnownFormers(told, formersIn(outputs));
        const args = withoutCut(resolved(inputs), answer);
        const peers = expectedOnWire(args);
        return {
            ...wireDrift(args, peers, answer, device, publicKeysIn(outputs)),
            ...unknownFormers(told, formersIn(outputs)),
            ...overdue(args, answer, keysOn(answer, args, device), new Date()),
            ...recordDrift(args, expectedPeers(peers, answer), answer),
            ...kernelDrift(answer),
        };
    },

    async imported(found, answer) {
        const inputs = wireguardInputs(found, answer);
        const { registry, ...outputs } = await wireguardOutputs(inputs);
        const replaced = overlaps(withKnownFormers(answer, await recordedKeys(inputs)));
        return {
            inputs,
            outputs: { ...outputs, registry: withReplaced(registry as Record<string, RegistryEntry>, replaced) },
        };
    },

    ending: interfaceEnding,
};

export const wireguard = relayResource(wireguardParts);

/** Public keys that the relay's interfaces know. */
function keysOn(answer: Answers, args: WireGuardInputs, device: string): Set<string> {
    const peers = placesOf(args, device).flatMap(({ interface: name }) => dumpOf(answer, name)?.peers ?? []);
    return new Set(peers.map(({ publicKey }) => publicKey));
}

function hasNamed({ before }: Change, key: string): boolean {
    return Object.values(before?.outputs.drift ?? {}).some((sentence) => String(sentence).includes(key));
}
