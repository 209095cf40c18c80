import { z } from "zod";
import { MOST_APPROVERS } from "../approval/given.js";
import { joinHostPort, parseAddress, parseCidr, parseSubnet } from "../addresses/index.js";
import { parseUpstream } from "../caddy/upstream.js";
import { InvalidArgument } from "../errors.js";
import { KEY_OVERLAP, WARN_HOURS } from "../registry/defaults.js";
import { parsePresharedKey, parsePrivateKey, parsePublicKey, parseSeed } from "../keys/text.js";
import { checkAppName, checkInterface, checkName } from "../names.js";
import { type Later, orLater } from "./later.js";
import { canonicalEndpoint, parseEndpoint, parseExpires, parsePorts } from "./text.js";
import { terms } from "./terms.js";
import { form, isSupplied, supplied, text } from "./validate.js";

const name = text(checkName);
const port = z.int().min(1).max(65535);
const network = orLater(text(parseCidr));
const networks = orLater(z.array(text(parseCidr))).default([]);

/** A resource or a descriptor of the components: its own class has checked it. */
function component(fix: string) {
    return z.custom<object>((value) => typeof value === "object" && value !== null, {
        params: { problem: "is missing, or is not an object", fix },
    });
}

const membership = {
    presharedKey: supplied((value, subject) =>
        value === "none" ? value : parsePresharedKey(value, subject),
    ).optional(),
    address: text(parseIPv4).optional(),
    routes: networks,
    keyEpoch: z.int().min(1).default(1),
    expires: orLater(text(parseExpires)).optional(),
    reinstate: z.boolean().default(false),
};

/** Arguments of `Peer`. */
export const peerArgs = z.strictObject({
    publicKey: supplied(parsePublicKey).optional(),
    ...membership,
    handedOut: z.boolean().default(false),
    host: component("set the host of the peer's machine: hosts.local(), hosts.ssh()").optional(),
    interface: text(checkInterface).optional(),
});
export type PeerPlain = z.output<typeof peerArgs>;

/** A peer as plain data, with its own key. */
export const peerSpec = z.strictObject({ name, publicKey: supplied(parsePublicKey), ...membership });
export type PeerSpecPlain = z.output<typeof peerSpec>;

/** A peer that another resource lists. It is read when all of it is known. */
export interface SuppliedSpec {
    name: string;
    publicKey: string;
    presharedKey?: string | undefined;
    address?: string | undefined;
    routes: string[];
    keyEpoch: number;
    expires?: string | undefined;
    reinstate: boolean;
}

/** An entry of such a list. */
export const peerEntry = form<SuppliedSpec>((value) => {
    const address = text(parseIPv4);
    const pinned = z
        .strictObject({ peer: peerSpec, address })
        .transform(({ peer, address: at }) => ({ ...peer, address: at }));
    return (isPlainObject(value) && "peer" in value
        ? pinned
        : peerSpec) as z.ZodType<unknown> as z.ZodType<SuppliedSpec>;
});

/** Who is allowed to open a service: a name, or one with terms. */
export type Allowed = string | AllowedUntil;

interface AllowedUntil {
    peer: string;
    until?: string | undefined;
    window?: string | undefined;
    reason?: string | undefined;
    ticket?: string | undefined;
}

const allowed = form<Allowed>((value) => (isPlainObject(value) ? z.strictObject({ peer: name, ...terms }) : name));

/** Arguments of `ExposedService`; peers are names. */
export const serviceArgs = z.strictObject({
    upstream: form<string | { peer: string; port: number } | object>((value) =>
        isPlainObject(value) ? z.strictObject({ peer: name, port }) : upstreamAddress,
    ),
    allow: form<"everyone" | Allowed[]>((value) =>
        typeof value === "string" ? z.literal("everyone") : z.array(allowed),
    ).default([]),
    port: port.optional(),
    certificate: z.enum(["ed25519", "ecdsa-p256", "both"]).default("both"),
    keyExchange: z.enum(["require", "prefer"]).default("require"),
    on: name.optional(),
});
export type ServicePlain = z.output<typeof serviceArgs>;

/** One source or several, of which each is a peer or one of its routes. */
function origins<Network>(of: z.ZodType<Network>): z.ZodType<Origin<Network>[]> {
    const origin = form<Origin<Network>>((value) =>
        isPlainObject(value) ? z.strictObject({ peer: name, network: of }) : name,
    );
    return form<Origin<Network>[]>((value) =>
        Array.isArray(value) ? z.array(origin) : origin.transform((one) => [one]),
    );
}

/** One grant, in the one form everything behind it works with; peers are names. */
export const grantArgs = z.strictObject({
    from: origins(network),
    to: form<GrantTarget>((value) => {
        if (!isPlainObject(value)) {
            return name.transform((peer) => ({ peer }));
        }
        return "peer" in value ? z.strictObject({ peer: name, network }) : z.strictObject({ network });
    }),
    ports: orLater(z.array(text(parsePorts)).min(1)),
    ...terms,
});
export type GrantPlain = z.output<typeof grantArgs>;

/** What must hold of the access rules; what the targets mean is judged when all peers and services are known. */
const expectArgs = z.strictObject({
    // Plain: it is judged before any resource exists.
    from: origins(text(parseCidr)),
    allow: z.array(z.string()).default([]),
    deny: z.array(z.string()).default([]),
});
export type ExpectPlain = z.output<typeof expectArgs>;

/** Whose connections a grant is about: a peer's, or those of one of its routes. */
type Origin<Network> = string | { peer: string; network: Network };

/** A peer's own addresses, one of its routes, or one of the relay's. */
export interface GrantTarget {
    peer?: string;
    network?: string | Later<string>;
}

/** Arguments of `Relay`. What is listed in `peers` and `services` is checked entry by entry, by the schemas above. */
export const relayArgs = z.strictObject({
    host: component("set the relay's host: hosts.local(), hosts.ssh(), ..."),
    audit: component("give an AuditSink for the records of this relay"),
    // As data of another resource, the whole list may come later.
    peers: form<unknown>((value) => (isSupplied(value) ? z.unknown() : z.array(z.unknown()))),
    services: z.array(z.unknown()).default([]),
    // Their names are judged beside those of peers and services.
    groups: z.record(z.string(), z.array(name)).optional(),
    grants: z.array(grantArgs).default([]),
    expect: z.array(expectArgs).default([]),
    warnHours: z.int().min(0).max(8760).default(WARN_HOURS),
    endpoint: supplied(canonicalEndpoint).optional(),
    listenPort: port.default(51820),
    subnet: text((value, subject) => parseSubnet(value, subject, 4).cidr).default("10.8.0.0/24"),
    subnet6: text((value, subject) => parseSubnet(value, subject, 6).cidr).optional(),
    interface: text(checkInterface).default("wg0"),
    keyEpochs: z.array(z.int().min(1)).min(1).transform(ascending).default([1]),
    forceRetire: z.int().min(1).optional(),
    keyOverlap: z
        .int()
        .min(0)
        .max(90 * 24 * 3600)
        .default(KEY_OVERLAP),
    identity: z.enum(["state", "host"]).default("state"),
    privateKey: supplied(privateKeySource).optional(),
    seed: supplied(parseSeed).optional(),
    replaceLostKeys: text(recordHash).optional(),
    adoptChanges: text(differencesHash).optional(),
    routes: networks,
    mtu: orLater(z.int().min(576).max(9000)).default(1420),
    keepalive: orLater(z.int().min(0).max(65535)).default(25),
    dns: orLater(
        form<string[]>((value) => (Array.isArray(value) ? z.array(resolver) : resolver.transform((one) => [one]))),
    ).optional(),
    certificateRenewal: z.enum(["up", "relay"]).default("up"),
    appName: text(checkAppName).default("qp-tunnel"),
    confirmTimeout: z.int().min(10).max(3600).default(60),
});
export type RelayPlain = z.output<typeof relayArgs>;

/** Who has to approve an update; lines in OpenSSH's form, or principals with their keys. */
const approverArgs = z.strictObject({
    signers: form<string | { principal: string; publicKey: string }[]>((value) =>
        typeof value === "string"
            ? z.string()
            : z.array(z.strictObject({ principal: z.string(), publicKey: z.string() })),
    ),
    required: z.int().min(1).max(MOST_APPROVERS).default(1),
    folder: z.string().min(1).optional(),
    emergency: z.enum(["record", "refuse"]).default("record"),
});
export type ApproversPlain = z.output<typeof approverArgs>;

/** Arguments of `AuditSink`. */
export const auditSinkArgs = z.strictObject({
    path: z.string().min(1).optional(),
    signingKey: text(signingKeySource).default("file:"),
    mirror: z.boolean().default(true),
    onBehind: z.enum(["fail", "warn"]).default("fail"),
    restartFrom: text(recordHash).optional(),
    approvers: approverArgs.optional(),
});
export type AuditSinkPlain = z.output<typeof auditSinkArgs>;

const upstreamAddress = supplied((value, subject) => {
    const { host, port } = parseUpstream(value, subject);
    return joinHostPort(host, port);
});

/** An address of a resolver, or a search domain: wg-quick takes both. */
const resolver = text((value, subject) => {
    const { host, port } = parseEndpoint(value, subject);
    if (port !== undefined) {
        throw new InvalidArgument(subject, `"${value}" has a port, which wg-quick does not support`, "remove the port");
    }
    return host;
});

/** A key, or "file:" and a path; the path is not read here. */
function privateKeySource(value: string, subject: string): string {
    if (!value.startsWith("file:")) {
        return parsePrivateKey(value, subject);
    }
    if (value === "file:") {
        throw new InvalidArgument(subject, '"file:" names no file', 'write one like "file:/etc/wireguard/private.key"');
    }
    return value;
}

function signingKeySource(value: string, subject: string): string {
    if (!/^(?:file:.*|env:[A-Za-z_][A-Za-z0-9_]*)$/s.test(value)) {
        // Not quoted, because the value may be the key itself.
        const fix = 'write "file:" with or without a path, or "env:NAME"; the key itself never stands in a program';
        throw new InvalidArgument(subject, "is not a reference to a key", fix);
    }
    return value;
}

function recordHash(value: string, subject: string): string {
    if (!/^[0-9a-f]{64}$/.test(value)) {
        throw new InvalidArgument(
            subject,
            `"${value}" is not the hash of a record`,
            "copy the pinned head hash: 64 lower-case hex digits",
        );
    }
    return value;
}

function differencesHash(value: string, subject: string): string {
    if (/^[0-9a-f]{16}$/.test(value)) return value;
    throw new InvalidArgument(
        subject,
        `"${value}" is not a hash from an update that refused to change an interface`,
        "copy it from that error: 16 lower-case hex digits",
    );
}

function parseIPv4(value: string, subject: string): string {
    return parseAddress(value, subject, 4);
}

function ascending(epochs: number[]): number[] {
    return [...new Set(epochs)].sort((a, b) => a - b);
}

/** An object literal of the program; an Output or a component is an instance of some class. */
function isPlainObject(value: unknown): value is object {
    return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
