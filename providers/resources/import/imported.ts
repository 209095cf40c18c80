import { serviceUrls } from "../../../core/names.js";
import type { WireGuardPlan } from "../wireguard/inputs.js";
import type { ProxyPlan } from "../proxy/inputs.js";
import { servicesOf } from "../proxy/services.js";
import { peersOf } from "../wireguard/peerChanges.js";
import { known } from "../shape.js";
import { KEY_OVERLAP } from "../../../core/registry/defaults.js";
import { CADDY_VERSION } from "../../../core/caddy/index.js";
import { leavesOf, type ServiceCertificate } from "../../../core/certificates/leaves.js";
import type { CertificateAlgorithm } from "../../../core/certificates/algorithm.js";
import { fingerprint, publicKeyOf } from "../../../core/keys/index.js";
import type { ProxyService, RegistryPeer } from "../../../core/registry/model.js";
import type { Answers } from "../../../core/protocol/steps.js";
import { interfaces } from "../../../core/protocol/interfaces.js";
import { parsePeers, type PeerRow } from "../../../core/protocol/peers.js";
import { services as recordedServices } from "../../../core/protocol/services.js";
import { rfc3339Of } from "../../../core/time.js";
import { type Found, recordedNetwork } from "./importing.js";
import type { Properties } from "../resource.js";
import { recordedRegistry } from "../wireguard/history.js";
import type { RegistryEntry } from "../wireguard/registry.js";

/**
 * Inputs as the program that made the relay gave them, from what it keeps on the machine. What it does not keep is left out:
 * the seed of the preshared keys and the authorities' keys are in the state alone.
 */
export function firewallInputs({ placed, machine }: Found, answer: Answers<"read">): Properties {
    const { subnet, subnet6, address, address6, routes } = recordedNetwork(answer);
    return {
        ...placed,
        ...machine,
        subnet,
        address,
        ...(subnet6 === undefined ? {} : { subnet6, address6 }),
        interfaces: [placed.interface],
        routes,
    };
}

export function wireguardInputs({ placed, machine }: Found, answer: Answers<"read">): Properties {
    const { subnet, subnet6, address, address6, prefix, prefix6, mtu, routes } = recordedNetwork(answer);
    const places = interfaces.parse(answer["record.interfaces"]).map(({ interface: device, port, epoch }) => ({
        key: (answer[`record.key.${device}`] ?? "").trim(),
        port,
        epoch,
    }));
    const [first] = places;
    const peers = parsePeers(answer["record.peers"]);
    return {
        ...placed,
        ...machine,
        subnet,
        address,
        prefix,
        ...(subnet6 === undefined ? {} : { subnet6, address6, prefix6 }),
        mtu,
        routes,
        // Odd epochs have the port, even ones the next.
        listenPort: first === undefined ? 0 : first.port - ((first.epoch + 1) % 2),
        epochs: places.map(({ epoch }) => epoch),
        // The relay keeps when an overlap ends, not how long the next one is to be.
        keyOverlap: KEY_OVERLAP,
        privateKeys: Object.fromEntries(places.map(({ epoch, key }) => [epoch, key])),
        seed: "",
        peers: Object.fromEntries(peers.map((row) => [row.name, registryPeer(row, address6 !== undefined)])),
        publicKeys: {},
        presharedKeys: Object.fromEntries(peers.map(({ name, presharedKey = "none" }) => [name, presharedKey])),
    };
}

/** Single addresses are the peer's own; networks are behind it. */
function registryPeer({ publicKey, allowedIps: ips, expires }: PeerRow, six: boolean): RegistryPeer {
    const own = ips.find((ip) => ip.endsWith("/32")) ?? "";
    const own6 = six ? ips.find((ip) => ip.endsWith("/128")) : undefined;
    const routes = ips.filter((ip) => ip !== own && ip !== own6).sort();
    return {
        address: own.replace("/32", ""),
        ...(own6 === undefined ? {} : { address6: own6.replace("/128", "") }),
        publicKey,
        ...(routes.length === 0 ? {} : { routes }),
        ...(expires === undefined ? {} : { expires: rfc3339Of(expires) }),
    };
}

/** Who is active as the relay's record says, and who was revoked as the log does. */
export async function wireguardOutputs(inputs: WireGuardPlan): Promise<Properties> {
    const past = await recordedRegistry(inputs);
    const registry: Record<string, RegistryEntry> = { ...past };
    for (const [name, peer] of Object.entries(peersOf(inputs))) {
        const { publicKey = "", address, address6 } = peer;
        registry[name] = {
            address,
            ...(address6 === undefined ? {} : { address6 }),
            publicKey,
            fingerprint: fingerprint(publicKey),
            status: "active",
            since: past[name]?.since ?? new Date().toISOString(),
        };
    }
    const keys = Object.entries(known(inputs.privateKeys) ?? {}).sort(([a], [b]) => Number(b) - Number(a));
    return { publicKey: publicKeyOf(String(keys[0]?.[1] ?? "")), registry };
}

/** Of the authorities only the state knew; with a program of the same state nothing differs but them. */
export function proxyInputs({ placed, machine }: Found, answer: Answers<"read">): Properties {
    const { address, address6 } = recordedNetwork(answer);
    const servers = serversOf(answer);
    const services = recordedServices
        .parse(answer["record.services"])
        .map(({ name, port, upstream }): [string, ProxyService] => [
            name,
            {
                port,
                upstream,
                certificate: certificateOf(name, answer),
                keyExchange: accepts(servers[`svc_${name}`], "x25519") ? "prefer" : "require",
            },
        ]);
    return {
        ...placed,
        ...machine,
        addresses: address6 === undefined ? [address] : [address, address6],
        services: Object.fromEntries(services),
        authorities: {},
        authorityKeys: {},
        ...(Object.values(servers).some(stripsHeaders) ? { configuration: CADDY_VERSION } : {}),
        ...(Object.keys(answer).some((name) => name.startsWith("issuer.")) ? { renewal: "relay" } : {}),
    };
}

/** Of what Caddy runs, as far as it is looked at. */
interface RunningServer {
    tls_connection_policies?: { curves?: string[] }[];
    routes?: { handle?: { handler?: string }[] }[];
}

function serversOf(answer: Answers<"read">): Record<string, RunningServer> {
    const running = JSON.parse((answer.caddy ?? "").trim() || "null") as {
        apps?: { http?: { servers?: Record<string, RunningServer> } };
    } | null;
    return running?.apps?.http?.servers ?? {};
}

function accepts(server: RunningServer | undefined, curve: string): boolean {
    return server?.tls_connection_policies?.[0]?.curves?.includes(curve) === true;
}

/** The first version of the configuration did not. */
function stripsHeaders({ routes = [] }: RunningServer): boolean {
    return routes.some(({ handle = [] }) => handle.some(({ handler }) => handler === "headers"));
}

function certificateOf(service: string, answer: Answers<"read">): ServiceCertificate {
    const [first, second] = leavesOf(service, { certificate: "both" }).map(({ id }) => algorithmOf(id, answer));
    return second === undefined ? (first ?? "ed25519") : "both";
}

/** id-Ed25519 (RFC 8410) is 06 03 2b 65 70 in the certificate. */
function algorithmOf(id: string, answer: Answers<"read">): CertificateAlgorithm | undefined {
    const name = new RegExp(`^certificate\\.${id.replace(".", "\\.")}-([0-9a-f]{12}|relay)\\.pem$`);
    const [, pem] = Object.entries(answer).find(([file]) => name.test(file)) ?? [];
    if (pem === undefined) return undefined;
    const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
    // An Ed25519 leaf names that algorithm as its own key's; an ECDSA one at most as its authority's.
    return der.includes(Buffer.from("06072a8648ce3d0201", "hex")) ? "ecdsa-p256" : "ed25519";
}

/** What the proxy serves, as far as it can be read: the next `pulumi up` issues new certificates. */
export function proxyOutputs(inputs: ProxyPlan): Properties {
    const addresses = known(inputs.addresses) ?? [];
    const served = Object.entries(servicesOf(inputs)).map(([name, { port, upstream }]) => [
        name,
        {
            ...serviceUrls({ name, port }, { appName: inputs.appName, addresses }),
            upstream,
            group: "none",
            cipher: "none",
        },
    ]);
    return { served: Object.fromEntries(served) as Record<string, unknown>, certificates: {} };
}
