import { z } from "zod";

import { contains, parseAddress, parseSubnet } from "../addresses/index.js";
import { parseEndpoint } from "../arguments/text.js";
import { validate } from "../arguments/validate.js";
import { sanitizeText } from "../audit/sanitize.js";
import { InvalidArgument } from "../errors.js";
import { parsePresharedKey, parsePublicKey } from "../keys/index.js";
import type { AdoptedPeer, AdoptedService, Adoption } from "./model.js";
import { namePeers } from "./names.js";

/** The state directory of the shell tool that came before this library, read. */
interface OriginalState {
    /** What to call it in an error. */
    subject: string;
    peers: unknown;
    /** Absent when no service was ever opened. */
    services?: unknown;
    /** Contents of peers/NAME/preshared.key, by name. Secrets. */
    presharedKeys: Record<string, string>;
    /** Where relay.key is. */
    privateKeyFile: string;
    publicKey?: string | undefined;
    interface: string;
}

const peersFile = z.object({
    relay: z.object({ endpoint: z.string(), public_key: z.string(), tunnel_ip: z.string() }),
    peers: z.array(z.object({ name: z.string(), public_key: z.string(), tunnel_ip: z.string(), status: z.string() })),
    ip_pool: z.object({ subnet: z.string() }),
});
const servicesFile = z.object({
    services: z.array(z.object({ name: z.string(), upstream: z.string(), port: z.int(), status: z.string() })),
});

/** The machine that the tool's services ran on has this place in the tunnel. */
const SERVER = 2;

/** @throws InvalidArgument naming what the files lack */
export function fromOriginal(state: OriginalState): Adoption {
    const { subject } = state;
    const { relay, peers: known, ip_pool } = validate(peersFile, state.peers, `${subject}/peers.json`);
    const services =
        state.services === undefined ? [] : validate(servicesFile, state.services, `${subject}/services.json`).services;
    const active = known.filter(({ status }) => status === "active");
    const revoked = known.length - active.length;
    const subnet = subnetOf(relay.tunnel_ip, ip_pool.subnet, subject);
    if (state.publicKey !== undefined && state.publicKey !== relay.public_key) {
        throw new InvalidArgument(
            `${subject}/relay.key`,
            `is not the private key of ${relay.public_key}, which is the relay's key in peers.json`,
            "give a file with the relay's current key: `wg show " + state.interface + " private-key` on it",
        );
    }
    const names = namePeers(
        active.map(({ name, public_key }) => ({ publicKey: public_key, comments: [`Name = ${name}`] })),
    );
    const presharedKeys: Record<string, string> = {};
    const peers = active.map(({ name: called, public_key, tunnel_ip }, index): AdoptedPeer => {
        const name = names[index] ?? "";
        const path = `${subject}/peers.json: ${called}`;
        const preshared = state.presharedKeys[called];
        if (preshared !== undefined)
            presharedKeys[name] = parsePresharedKey(preshared.trim(), `${subject}/peers/${called}/preshared.key`);
        return {
            name,
            publicKey: parsePublicKey(public_key, path),
            address: parseAddress(tunnel_ip, path, 4),
            routes: [],
            preshared: preshared !== undefined,
        };
    });
    const { host, port } = parseEndpoint(relay.endpoint, `${subject}/peers.json: relay.endpoint`);
    const open = services.filter(({ status }) => status === "active");
    return {
        presharedKeys,
        relay: {
            interface: state.interface,
            privateKeyFile: state.privateKeyFile,
            publicKey: relay.public_key,
            listenPort: port ?? 51820,
            subnet,
            endpoint: `${host.includes(":") ? `[${host}]` : host}:${port ?? 51820}`,
            peers,
            services: open.map((service) => serviceOf(service, peers, subnet)),
            // They quote the files.
            left: [
                ...leftOut(revoked, peers.length),
                ...open.flatMap((service) => serviceLeft(service, peers, subnet)),
            ].map(sanitizeText),
        },
    };
}

/** The tool's pool is always 10.8.0.0/24, whatever its settings were: the relay's own address says more. */
function subnetOf(relayAddress: string, pool: string, subject: string): string {
    const address = parseAddress(relayAddress, `${subject}/peers.json: relay.tunnel_ip`, 4);
    const path = `${subject}/peers.json: ip_pool.subnet`;
    if (pool.includes("/") && contains(parseSubnet(pool, path, 4).cidr, address) && address.endsWith(".1")) return pool;
    if (address.endsWith(".1")) return address.replace(/\.1$/, ".0/24");
    throw new InvalidArgument(
        `${subject}/peers.json: relay.tunnel_ip`,
        `${address} is not the first address of its network, which a Relay uses`,
        "change the interface's address to the first one",
    );
}

function serviceOf(
    service: { name: string; upstream: string; port: number },
    peers: AdoptedPeer[],
    subnet: string,
): AdoptedService {
    const { name, upstream, port } = service;
    const target = isLoopback(upstream) ? serverIn(peers, subnet) : undefined;
    const upstreamPort = Number(/:(\d+)$/.exec(upstream)?.[1]);
    return { name, port, upstream: target === undefined ? upstream : { peer: target.name, port: upstreamPort } };
}

function serviceLeft(
    { name, upstream }: { name: string; upstream: string },
    peers: AdoptedPeer[],
    subnet: string,
): string[] {
    const moved = `${name} moves: TLS now ends on the relay, at its tunnel address, with a certificate of a new CA; clients must trust that CA`;
    if (!isLoopback(upstream)) return [moved];
    const server = serverIn(peers, subnet);
    return [
        moved,
        server === undefined
            ? `${name} was for ${upstream} on the machine that ran the tool, and no peer has its address: make it a peer and use \`upstream: { peer, port }\`, or keep it if that machine is the relay`
            : `${name} was for ${upstream} on ${server.name}: there it must also listen on the tunnel address, not only on loopback`,
    ];
}

function serverIn(peers: AdoptedPeer[], subnet: string): AdoptedPeer | undefined {
    return peers.find(
        ({ address }) => address !== undefined && contains(subnet, address) && address.endsWith(`.${SERVER}`),
    );
}

function isLoopback(upstream: string): boolean {
    return /^(?:localhost|127\.[0-9.]+|\[::1\]):/.test(upstream);
}

function leftOut(revoked: number, peers: number): string[] {
    return [
        "the tool did not send peers to remote relays: compare with `wg show` there; the first `up` cuts off peers on the relay that are not in its files",
        "SaveConfig = true in the relay's wg-quick file would restore removed peers: disable wg-quick for this interface and move the file away",
        "the tool's iptables rules (FORWARD, MASQUERADE) stay until the next boot: grants now define the access rules, and only `routes` are NATed",
        "the tool's audit.log is not sealed and is not part of the new log: keep it",
        ...(revoked === 0
            ? []
            : [
                  `${revoked} revoked peer${revoked === 1 ? " is" : "s are"} not carried over: new names may get ${revoked === 1 ? "that address" : "their addresses"}`,
              ]),
        ...(peers === 0 ? ["the tool's files have no active peer"] : []),
    ];
}
