import { peerKey } from "../registry/peerKey.js";
import { fingerprint } from "../keys/index.js";
import { serviceUrls } from "../names.js";
import type { Ledger, ProxyService, RegisteredPeer, ServedService } from "../registry/model.js";
import { MOCK_ADDRESS, MOCK_CLIENT } from "./address.js";
import { mockKey, mockSshKey } from "./keys.js";

/** One output of a resource for which nothing answers. */
export interface MockedResource {
    /** Logical name of the resource. */
    name: string;
    /** Those of its inputs that are known. */
    inputs: Record<string, unknown>;
}

type Answer = (resource: MockedResource) => unknown;

const MOCK_TIME = "2000-01-01T00:00:00Z";

/** What a mocked plugin says, by type and output. What is absent stays undefined. */
export const MOCK_OUTPUTS: Record<string, Record<string, Answer>> = {
    KeyPair: {
        publicKey: (resource) => mockKey("public", keyName(resource)),
        privateKey: (resource) => (resource.inputs["handedOut"] === true ? "" : mockKey("private", keyName(resource))),
    },
    Seed: { seed: ({ name }) => mockKey("seed", name) },
    SshKeyPair: {
        publicKey: ({ name }) => mockSshKey(name),
        privateKey: ({ name }) =>
            `-----BEGIN OPENSSH PRIVATE KEY-----\nmock private key ${name}\n-----END OPENSSH PRIVATE KEY-----\n`,
    },
    HostKey: { hostKey: ({ name }) => mockSshKey(name), record },
    Registry: { record },
    CertificateAuthority: {
        certificate: ({ name }) => `-----BEGIN CERTIFICATE-----\nmock certificate ${name}\n-----END CERTIFICATE-----\n`,
        privateKey: ({ name }) => `-----BEGIN PRIVATE KEY-----\nmock private key ${name}\n-----END PRIVATE KEY-----\n`,
        record,
    },
    Host: {
        machine: ({ name }) => `mock machine ${name}`,
        address: () => MOCK_ADDRESS,
        hostKey: (resource) => (isReachedBySsh(resource) ? mockSshKey(resource.name) : ""),
        keyExchange: (resource) => (isReachedBySsh(resource) ? "mlkem768x25519-sha256" : "none"),
        wireguard: () => "mock",
        supervisor: () => "mock",
        tools: () => ({}),
        client: (resource) => (isReachedBySsh(resource) ? MOCK_CLIENT : ""),
        record,
        drift: () => ({}),
    },
    Firewall: { table: () => "mock", chains: () => ({}), record, drift: () => ({}) },
    WireGuard: {
        publicKey: (resource) => interfaceKey(resource, Math.max(...epochsOf(resource))),
        epochs: (resource) =>
            Object.fromEntries(
                epochsOf(resource).map((epoch) => [epoch, { publicKey: interfaceKey(resource, epoch) }]),
            ),
        onEpoch: () => ({}),
        registry,
        record,
        drift: () => ({}),
    },
    Proxy: { served, certificates: () => ({}), record, drift: () => ({}) },
    Grants: { elements: () => "mock", record, drift: () => ({}) },
    Script: {
        sha256: () => "0".repeat(64),
        edition: () => MOCK_TIME,
        publicKey: (resource) => interfaceKey(resource, 1),
        registry,
        served,
        certificates: () => ({}),
        record,
        drift: () => ({}),
    },
    AuditCheckpoint: {
        genesis: () => "0".repeat(64),
        size: () => 1,
        bytes: () => 1,
        head: () => "0".repeat(64),
        root: () => "0".repeat(64),
        note: () => "mock checkpoint\n",
    },
};

function keyName({ name, inputs: { owner, epoch } }: MockedResource): string {
    return ofEpoch(typeof owner === "string" ? owner : name, typeof epoch === "number" ? epoch : 1);
}

function ofEpoch(owner: string, epoch: number): string {
    return epoch > 1 ? `${owner}/epoch/${epoch}` : owner;
}

function epochsOf({ inputs: { epochs } }: MockedResource): number[] {
    return Array.isArray(epochs) ? (epochs as number[]) : [1];
}

/** The public half of the relay's key pair, or of a managed peer's. */
function interfaceKey({ name, inputs: { relay, leaf } }: MockedResource, epoch: number): string {
    const owner = (leaf as { name?: string } | undefined)?.name ?? relay;
    return mockKey("public", ofEpoch(typeof owner === "string" ? owner : name, epoch));
}

function record(): { sequence: number; hash: string; offset: number } {
    return { sequence: 0, hash: "0".repeat(64), offset: 0 };
}

function isReachedBySsh({ inputs: { host } }: MockedResource): boolean {
    return (host as { kind?: unknown } | undefined)?.kind === "ssh";
}

/** Every listed peer, as if the relay had it. */
function registry({ inputs }: MockedResource): Record<string, RegisteredPeer> {
    const peers = (inputs["peers"] ?? {}) as Ledger["peers"];
    const keys = (inputs["publicKeys"] ?? {}) as Record<string, string>;
    return Object.fromEntries(
        Object.entries(peers).map(([name, peer]) => {
            const key = peerKey(name, peer, keys) ?? mockKey("public", name);
            const own = { address: peer.address, ...(peer.address6 && { address6: peer.address6 }), publicKey: key };
            return [name, { ...own, fingerprint: fingerprint(key), status: "active" as const, since: MOCK_TIME }];
        }),
    );
}

/** Every service, as if the proxy had it. */
function served({ inputs }: MockedResource): Record<string, ServedService> {
    const services = (inputs["services"] ?? {}) as Record<string, ProxyService>;
    const at = { appName: String(inputs["appName"]), addresses: (inputs["addresses"] ?? []) as string[] };
    return Object.fromEntries(
        Object.entries(services).map(([name, { port, upstream }]) => [
            name,
            { ...serviceUrls({ name, port }, at), upstream, group: "mock", cipher: "mock" },
        ]),
    );
}
