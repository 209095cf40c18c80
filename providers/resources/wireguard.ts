import { routesOf } from "../../core/registry/defaults.js";
import { InvalidArgument, TunnelError } from "../../core/errors.js";
import { fingerprint, parsePublicKey, presharedKey, publicKeyOf } from "../../core/keys.js";
import { describeRelay } from "../../core/leaf.js";
import type { RegistryPeer } from "../../core/model.js";
import { leftInWords, notGone, parseRevocation, renderGone } from "../../core/revocation.js";
import { fromAllowedIps, renderPeerTable, type DesiredPeer } from "../../core/wireguard.js";
import { currentUser } from "../audit/actor.js";
import type { Files } from "../hosts/bundle.js";
import { ADOPTS_INPUT, adoptionOf, adoptsValue } from "./adoption.js";
import { wireguardInputs, wireguardOutputs } from "./imported.js";
import { endpointsLeft } from "./move.js";
import { refuseRoutes, routeWarnings } from "./peerRoutes.js";
import { placed, targetOf } from "./placed.js";
import { goneKeys } from "./proof.js";
import { relayResource, type Change, type RelayResourceParts } from "./relayResource.js";
import { UNKNOWN, type CheckFailure, type Properties } from "./resource.js";
import { MACHINE_INPUT, relaySchema } from "./schemas.js";
import { dumpOf, wireDrift } from "./wireguardDrift.js";
import { keyOf, peerChanges } from "./peerChanges.js";
import {
    epochOutputs,
    keyFiles,
    openRotation,
    placesOf,
    previewEpochs,
    publicKeyOfEpoch,
    renderInterfaces,
} from "./wireguardEpochs.js";
import {
    identityOf,
    isLeaf,
    LEAF_INPUT,
    leafBegin,
    leafOutcomes,
    leafSentences,
    type LeafInputs,
} from "./wireguardLeaf.js";
import { overlaps, renderRekeyed } from "./wireguardOverlap.js";
import { recordedRegistry } from "./wireguardHistory.js";
import { BY_EXPIRY, cutNames, expiredOn, expiryWarnings, overdue, withoutCut, withoutUnlisted } from "./expiry.js";
import { beginOf, outcomesOf } from "./wireguardRecords.js";
import { registryAfter, withReplaced, type RegistryEntry } from "./wireguardRegistry.js";
import { peerSentences } from "./wireguardWords.js";

/** What WireGuard's inputs are once they are resolved. */
export interface WireGuardInputs {
    address: string;
    address6?: string;
    prefix: number;
    prefix6?: number;
    /** UDP port of odd epochs; even ones have the next. */
    listenPort: number;
    mtu: number;
    /** Key epochs of the relay. */
    epochs: number[];
    /** By epoch; none where the keys are made on the relay. */
    privateKeys?: Record<string, string>;
    identity?: "state" | "host";
    /** An epoch to retire although peers still use it. */
    forceRetire?: number;
    /** Seconds in which a replaced key still works beside the new one. */
    keyOverlap?: number;
    subnet?: string;
    subnet6?: string;
    seed: string;
    peers: Record<string, RegistryPeer>;
    /** Keys that are not in the registry: generated ones. */
    publicKeys: Record<string, string>;
    /** Only what a program gave: a key, or "none". All others are derived. */
    presharedKeys: Record<string, string>;
    /** Networks behind the relay, forwarded to by it. */
    routes: string[];
    /** Of a managed peer. */
    leaf?: LeafInputs;
}

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
            publicKeys: { type: "object", description: "Public keys that were generated, by peer." },
            presharedKeys: {
                type: "object",
                description: "Preshared keys a program gave, by peer; `none` for none.",
                secret: true,
            },
            routes: { type: "array", description: "Networks behind the relay." },
            ...LEAF_INPUT,
            ...ADOPTS_INPUT,
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
    compared: [
        "machine",
        "address",
        "address6",
        "prefix",
        "prefix6",
        "listenPort",
        "mtu",
        "epochs",
        "privateKeys",
        "peers",
        "publicKeys",
        "presharedKeys",
        "routes",
        "leaf",
    ],

    complete: withoutUnlisted,
    check: (inputs) => [...checkKeys(inputs)],

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

    sentences: (change) => (isLeaf(change.inputs) ? leafSentences(change) : peerSentences(change, new Date())),
    warnings: ({ inputs }) => [...routeWarnings(inputs), ...expiryWarnings(inputs, new Date())],
    begin: (change) => (isLeaf(change.inputs) ? leafBegin(change) : beginOf(change)),
    guard: ({ inputs }, facts) => refuseRoutes(inputs, facts),

    async desired(change) {
        const { inputs, before, context } = change;
        const args = resolved(inputs);
        const peers = desiredPeers(args);
        const inherited = before && (await endpointsLeft(targetOf(before.inputs, context), targetOf(inputs, context)));
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
                peers: renderPeerTable(peers),
                rekeyed: renderRekeyed(change),
                gone: renderGone(goneKeys(change)),
                network: renderNetwork(args),
                ...(inherited === undefined ? {} : { inherited }),
            },
        };
    },

    async outputs(change, answer) {
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
        const foreign = (answer.removed ?? "")
            .split("\n")
            // What a refresh has named is recorded as drift already.
            .filter((key) => key !== "" && !known.has(key) && !hasNamed(change, key))
            .map(
                (key) => `rogue peer ${fingerprint(key)} (${key}) was on the wire, not in the program, and was cut off`,
            );
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
        registry: withReplaced(outputs.registry as Record<string, RegistryEntry>, overlaps(answer)),
    }),

    drift(inputs, _outputs, answer) {
        const { interface: device } = placed(inputs);
        const args = withoutCut(resolved(inputs), answer);
        return {
            ...wireDrift(args, desiredPeers(args), answer, device),
            ...overdue(args, answer, keysOn(answer, args, device), new Date()),
        };
    },

    async imported(found, answer) {
        const inputs = wireguardInputs(found, answer);
        return { inputs, outputs: await wireguardOutputs(inputs) };
    },

    ending: (inputs) => [
        {
            action: "interface_remove",
            message: `Removed interface ${placed(inputs).interface} of ${describeRelay(placed(inputs).relay)}${isLeaf(inputs) ? "" : "; all its peers are cut off"}`,
            details: {
                relay: placed(inputs).relay,
                interface: placed(inputs).interface,
                peers: Object.keys(inputs.peers ?? {}).length,
            },
        },
    ],
};

export const wireguard = relayResource(wireguardParts);

/** Public keys that the relay's interfaces know. */
function keysOn(answer: Files, args: WireGuardInputs, device: string): Set<string> {
    const peers = placesOf(args, device).flatMap(({ interface: name }) => dumpOf(answer, name)?.peers ?? []);
    return new Set(peers.map(({ publicKey }) => publicKey));
}

function hasNamed({ before }: Change, key: string): boolean {
    return Object.values(before?.outputs.drift ?? {}).some((sentence) => String(sentence).includes(key));
}

function resolved(inputs: Properties): WireGuardInputs {
    return inputs as unknown as WireGuardInputs;
}

/** Preshared keys are derived, and an apply asks for them before and after: a second time costs nothing. */
const derivedFor = new WeakMap<WireGuardInputs, DesiredPeer[]>();

export function desiredPeers(args: WireGuardInputs): DesiredPeer[] {
    const known = derivedFor.get(args) ?? derivePeers(args);
    derivedFor.set(args, known);
    return known;
}

function derivePeers(args: WireGuardInputs): DesiredPeer[] {
    // Between a managed peer and its relay it is the peer's key that counts, on both ends.
    const ownKey = args.leaf === undefined ? undefined : publicKeyOfEpoch(args, 1);
    return Object.entries(args.peers).map(([name, peer]) => {
        const publicKey = peer.publicKey ?? args.publicKeys[name];
        if (publicKey === undefined) {
            throw new InvalidArgument(
                `peers.${name}`,
                "has no public key",
                "apply the whole relay: with --target, its key pair is left out",
            );
        }
        const given = args.presharedKeys[name];
        const derived = (): string =>
            presharedKey(args.seed, { ...identityOf(args.leaf, name, peer), publicKey: ownKey ?? publicKey });
        return {
            name,
            publicKey,
            presharedKey: given === "none" ? "" : (given ?? derived()),
            allowedIps: fromAllowedIps(peer),
            keepalive: args.leaf?.keepalive ?? 0,
            ...(args.leaf === undefined ? {} : { endpoint: args.leaf.endpoint }),
            ...(peer.expires === undefined ? {} : { expires: peer.expires }),
        };
    });
}

export function renderNetwork(args: WireGuardInputs): string {
    const lines = [args.subnet, args.subnet6].flatMap((network) =>
        network === undefined ? [] : [`subnet ${network}`],
    );
    lines.push(`address ${args.address}/${args.prefix}`);
    if (args.address6 !== undefined) lines.push(`address ${args.address6}/${args.prefix6 ?? 64}`);
    lines.push(`mtu ${args.mtu}`);
    for (const peer of Object.values(args.peers)) lines.push(...routesOf(peer).map((route) => `route ${route}`));
    lines.push(...args.routes.map((route) => `behind ${route}`));
    return lines.map((line) => `${line}\n`).join("");
}

function* checkKeys(inputs: Properties): Generator<CheckFailure> {
    const owners = new Map<string, string>();
    for (const key of Object.values(inputs.privateKeys ?? {}))
        if (typeof key === "string") owners.set(publicKeyOf(key), "the relay");
    for (const name of Object.keys(inputs.peers ?? {})) {
        const key = keyOf(inputs, name);
        if (key === undefined) continue;
        const path = `peers.${name}.publicKey`;
        try {
            parsePublicKey(key, path);
        } catch (error) {
            if (!(error instanceof TunnelError)) throw error;
            yield { path, reason: `${error.problem}; ${error.fix}` };
        }
        const other = owners.get(key);
        if (other !== undefined)
            yield { path, reason: `is also the key of ${other}; every peer needs a key of its own` };
        owners.set(key, name);
    }
}

/** A key that was revoked does not come back by itself, under whatever name. Registry knows `reinstate`; this is the wire's own memory. */
function refuseRevoked(outputs: Properties, inputs: Properties): void {
    const registry = (outputs.registry ?? {}) as Record<string, RegistryEntry>;
    const peers = (inputs.peers ?? {}) as Record<string, RegistryPeer>;
    const active = new Set(
        Object.values(registry)
            .filter((entry) => entry.status === "active")
            .map((entry) => entry.publicKey),
    );
    const owners = new Map(Object.keys(peers).map((name) => [keyOf(inputs, name), name]));
    for (const [was, entry] of Object.entries(registry)) {
        if (entry.status !== "revoked" || active.has(entry.publicKey)) continue;
        const name = owners.get(entry.publicKey);
        // Her time came while a change was on its way: the registry knows already, the ledger will with the next one.
        const { expires } = peers[name ?? ""] ?? {};
        if (entry.by === BY_EXPIRY && expires !== undefined && expires === entry.revokedAt) continue;
        if (name === undefined || (name === was && (peers[name]?.admitted ?? 1) > (entry.admitted ?? 1))) continue;
        throw new InvalidArgument(
            `peers.${name}.publicKey`,
            `${fingerprint(entry.publicKey)} was revoked${entry.revokedAt === undefined ? "" : ` on ${entry.revokedAt}`} as ${was}`,
            "let her make a new key, or set `reinstate: true` on the peer of that name",
        );
    }
}
