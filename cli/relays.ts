import { z } from "zod";

import type { Drift } from "../core/drift.js";
import { InvalidArgument } from "../core/errors.js";
import { ownerOf } from "../core/protocol/owner.js";
import { knownRelay } from "../core/status/index.js";
import { describeHost, pinned, type HostDescriptor } from "../providers/hosts/descriptors.js";
import type { ProbeRequest } from "../providers/hosts/probe.js";
import type { Target } from "../providers/hosts/host.js";
import type { RelayQuery } from "../providers/hosts/status.js";
import type { Answers, Part } from "../core/protocol/steps.js";
import { relayDrift } from "../providers/resources/relay/drift.js";
import { SEALED, isRelay, isTunnel, stored, type StackResource } from "./state.js";

/** A relay of the stack: its host and what the state knows about it. */
export interface StackRelay extends RelayPlace, RelayQuery {}

const TEXTS = z.record(z.string(), z.string());
const PEERS = z.record(z.string(), z.looseObject({ address: z.string() }));
const REGISTRY = z.record(
    z.string(),
    z.object({
        publicKey: z.string(),
        address: z.string(),
        address6: z.string().exactOptional(),
        status: z.string(),
        since: z.string().exactOptional(),
        revokedAt: z.string().exactOptional(),
        replaces: z.string().exactOptional(),
    }),
);
const PLACE = z.object({
    relay: z.string(),
    relayId: z.string().exactOptional(),
    audit: z.looseObject({ project: z.string(), stack: z.string() }).exactOptional(),
    host: z.looseObject({ kind: z.enum(["local", "ssh", "script"]) }),
    appName: z.string(),
    interface: z.string(),
    hostKey: z.string().exactOptional(),
    credentials: z.union([z.string(), z.custom<typeof SEALED>((value) => value === SEALED)]).exactOptional(),
});
const SERVICE = z.looseObject({
    port: z.int(),
    upstream: z.string(),
    certificate: z.enum(["ed25519", "ecdsa-p256", "both"]),
    keyExchange: z.enum(["require", "prefer"]),
});
const EPOCHS = z.record(z.string(), z.looseObject({ publicKey: z.string() }));
const PROXY = z.object({
    addresses: z.array(z.string()),
    services: z.record(z.string(), SERVICE),
    authorities: TEXTS,
});
const SERVED = z.record(
    z.string(),
    z.looseObject({ group: z.string().exactOptional(), cipher: z.string().exactOptional() }),
);

/**
 * Every relay of the stack, by name.
 *
 * @param options.managed also the machines of managed peers, "RELAY/PEER": each has one peer, the relay, and its own services
 */
export function relaysOf(resources: StackResource[], { managed = false } = {}): StackRelay[] {
    return resources
        .filter(managed ? isTunnel : isRelay)
        .map((tunnel) => relayOf(tunnel, resources))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The relays that a command is about.
 *
 * @param name undefined: all of them
 * @throws InvalidArgument when the stack does not have that relay, or any
 */
export function chosenRelays(relays: StackRelay[], name: string | undefined): StackRelay[] {
    const chosen = relays.filter((relay) => name === undefined || relay.name.split("/")[0] === name);
    if (chosen.length > 0) return chosen;
    if (name === undefined)
        throw new InvalidArgument("the stack", "does not have a relay yet", "run `pulumi up`, or give another --stack");
    const names =
        relays
            .map((relay) => relay.name)
            .filter((known) => !known.includes("/"))
            .join(", ") || "none";
    throw new InvalidArgument(
        `--relay ${name}`,
        `the stack has no such relay; its relays are ${names}`,
        "choose one of them",
    );
}

/** The host and the login of a relay, from its WireGuard resource. */
export interface RelayPlace {
    name: string;
    target: Target;
    /** Whether the connection to it needs a private key that is an encrypted secret in this state. */
    sealedKey: boolean;
}

/** @param subject name of the state in messages */
export function placeOf({ urn, inputs, project, stack }: StackResource, subject: string): RelayPlace {
    const { relay, host, appName, ...place } = stored(PLACE, inputs, "the place", urn, subject);
    const { interface: device, hostKey, credentials, relayId, audit } = place;
    return {
        name: relay,
        sealedKey: credentials === SEALED,
        target: {
            host: pinned(host as HostDescriptor, hostKey),
            names: { appName, interface: device },
            owner: ownerOf({ project, stack }, relay),
            ...(relayId === undefined ? {} : { relayId }),
            ...(audit === undefined ? {} : { claim: { owner: ownerOf(audit, relay) } }),
            ...(typeof credentials === "string" ? { credentials } : {}),
        },
    };
}

function relayOf(tunnel: StackResource, resources: StackResource[]): StackRelay {
    const { urn, inputs, outputs } = tunnel;
    const take = <T>(schema: z.ZodType<T>, value: unknown, what: string, at = urn): T =>
        stored(schema, value, what, at, SUBJECT);
    const place = placeOf(tunnel, SUBJECT);
    const { host, names } = place.target;
    const proxy = tunnel.kind === "Script" ? tunnel : siblingOf(tunnel, "Proxy", resources);
    const services: ProbeRequest =
        proxy === undefined ? NO_SERVICES : take(PROXY, proxy.inputs, "the services", proxy.urn);
    return {
        ...place,
        services,
        drift: driftOf(tunnel, resources),
        known: knownRelay({
            relay: place.name,
            appName: names.appName,
            host: describeHost(host),
            peers: take(PEERS, inputs["peers"] ?? {}, "the peers"),
            publicKeys: take(TEXTS, inputs["publicKeys"] ?? {}, "the keys"),
            registry: take(REGISTRY, outputs["registry"] ?? {}, "the registry"),
            addresses: services.addresses,
            services: services.services,
            served: take(SERVED, proxy?.outputs["served"] ?? {}, "what is served", proxy?.urn),
            epochs: Object.fromEntries(
                Object.entries(take(EPOCHS, outputs["epochs"] ?? {}, "the key epochs")).map(
                    ([epoch, { publicKey }]) => [publicKey, Number(epoch)],
                ),
            ),
        }),
    };
}

const SUBJECT = "the stack's state";
const NO_SERVICES: ProbeRequest = { addresses: [], services: {}, authorities: {} };

/** What a refresh of the relay's resources would find in its answer; secrets in the state may be encrypted. */
export function driftOf(tunnel: StackResource, resources: StackResource[]): (answer: Answers<"status">) => Drift[] {
    const parts = PARTS.flatMap(([kind, part]) => {
        const found = kind === tunnel.kind ? tunnel : siblingOf(tunnel, kind, resources);
        return found === undefined ? [] : [[part, { inputs: found.inputs, outputs: found.outputs }] as const];
    });
    return (answer) => relayDrift(Object.fromEntries(parts), answer);
}

const PARTS: [string, Part][] = [
    ["Host", "host"],
    ["Firewall", "firewall"],
    ["WireGuard", "wireguard"],
    ["Proxy", "proxy"],
    ["Grants", "grants"],
];

function siblingOf(tunnel: StackResource, kind: string, resources: StackResource[]): StackResource | undefined {
    return resources.find((other) => other.kind === kind && other.inputs["relay"] === tunnel.inputs["relay"]);
}
