import { createHash } from "node:crypto";

import fc from "fast-check";

import { expand, type Access } from "../../../../core/access/index.js";
import {
    renderAdmittedPeers,
    renderAdmittedRules,
    renderAdmittedServices,
} from "../../../../core/protocol/admitted.js";
import type { Ledger, Ports } from "../../../../core/registry/model.js";
import { allocate } from "../../../../core/registry/index.js";
import type { PeerRequest } from "../../../../core/registry/request.js";
import { firewall } from "../../../../providers/resources/firewall/firewall.js";
import { grants } from "../../../../providers/resources/grants/grants.js";
import { host } from "../../../../providers/resources/host/host.js";
import { proxy } from "../../../../providers/resources/proxy/proxy.js";
import type { Context, Properties, Resource } from "../../../../providers/resources/resource.js";
import { wireguard } from "../../../../providers/resources/wireguard/wireguard.js";
import { RELAY_PRIVATE_KEY } from "./relays.js";

/** A program in plain values: what somebody edits. */
export interface Program {
    namespace: string;
    interface: string;
    appName: string;
    subnet: string;
    subnet6?: string;
    listenPort: number;
    mtu: number;
    keyOverlap: number;
    routes: string[];
    peers: Record<string, ListedPeer>;
    services: Record<string, ListedService>;
    grants: ListedGrant[];
    /** When it is previewed. */
    now: string;
}

export interface ListedPeer extends PeerRequest {
    publicKey: string;
    presharedKey?: string;
}

export interface ListedService {
    port?: number;
    upstream: { peer: string; port: number } | string;
    allow: string[];
    keyExchange: "require" | "prefer";
}

export interface ListedGrant {
    from: string;
    to: string;
    ports: Ports;
}

/** A public key that belongs to this text alone. */
export function keyOf(text: string): string {
    const bytes = createHash("sha256").update(text).digest();
    bytes[31]! &= 0x7f;
    return bytes.toString("base64");
}

export function ledgerOf(program: Program, before: Ledger | undefined): Ledger {
    const { ledger, problems } = allocate(
        {
            subnet: program.subnet,
            subnet6: program.subnet6,
            reservedAddresses: [],
            peers: Object.fromEntries(
                Object.entries(program.peers).map(([name, { presharedKey: _, ...peer }]) => [name, peer]),
            ),
            services: Object.fromEntries(
                Object.entries(program.services).map(([name, { port }]) => [name, port === undefined ? {} : { port }]),
            ),
        },
        before,
        new Date(program.now),
    );
    // A program that is refused has no preview.
    fc.pre(problems.length === 0);
    return ledger;
}

const RESOURCES = { host, firewall, wireguard, proxy, grants } satisfies Record<string, Resource>;
export type Role = keyof typeof RESOURCES;

/** What each resource of a relay is told. */
export function inputsOf(program: Program, ledger: Ledger): Record<Role, Properties> {
    const [relay] = [`${program.subnet.split(".").slice(0, 3).join(".")}.1`];
    const relay6 = program.subnet6 === undefined ? {} : { address6: program.subnet6.replace("/64", "1") };
    const place = {
        relay: "hub",
        appName: program.appName,
        interface: program.interface,
        host: { kind: "local", namespace: program.namespace },
        audit: { path: "audit.jsonl", project: "p", stack: "s" },
    };
    const filled = { ...place, machine: `machine ${program.namespace}` };
    const networks = { subnet: program.subnet, ...(program.subnet6 === undefined ? {} : { subnet6: program.subnet6 }) };
    const own = { address: relay, ...relay6 };
    const { rules, services } = accessOf(program, ledger, own);
    return {
        host: {
            ...place,
            ...networks,
            admitted: {
                peers: renderAdmittedPeers(ledger.peers),
                rules: renderAdmittedRules(rules),
                services: renderAdmittedServices(services as Record<string, { port: number }>),
                ...(program.keyOverlap === 0 ? {} : { keyOverlap: program.keyOverlap }),
            },
        },
        firewall: { ...filled, ...networks, ...own, interfaces: [program.interface], routes: program.routes },
        wireguard: {
            ...filled,
            ...networks,
            ...own,
            prefix: 24,
            ...(program.subnet6 === undefined ? {} : { prefix6: 64 }),
            listenPort: program.listenPort,
            epochs: [1],
            privateKeys: { 1: RELAY_PRIVATE_KEY },
            keyOverlap: program.keyOverlap,
            mtu: program.mtu,
            routes: program.routes,
            seed: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            peers: ledger.peers,
            publicKeys: {},
            presharedKeys: Object.fromEntries(
                Object.entries(program.peers).flatMap(([name, { presharedKey }]) =>
                    presharedKey === undefined || ledger.peers[name] === undefined ? [] : [[name, presharedKey]],
                ),
            ),
        },
        proxy: {
            ...filled,
            addresses: [relay, ...Object.values(relay6)],
            services,
            authorities: { "ecdsa-p256": `of ${program.appName} ${program.subnet}` },
            authorityKeys: { "ecdsa-p256": `key of ${program.appName} ${program.subnet}` },
        },
        grants: { ...filled, rules },
    };
}

/** Rules and services, with whoever has expired left out, as the library leaves them out. */
function accessOf(
    program: Program,
    ledger: Ledger,
    relay: Access["relay"],
): { rules: Record<string, string[]>; services: Properties } {
    const counts = (name: string): boolean => ledger.peers[name] !== undefined;
    const served = Object.entries(program.services).filter(
        ([, { upstream }]) => typeof upstream === "string" || counts(upstream.peer),
    );
    const at = (upstream: ListedService["upstream"]): string =>
        typeof upstream === "string" ? upstream : `${ledger.peers[upstream.peer]?.address}:${upstream.port}`;
    return {
        rules: expand({
            relay,
            peers: ledger.peers,
            services: Object.fromEntries(
                served.map(([name, { upstream, allow }]) => [
                    name,
                    {
                        port: ledger.services[name]?.port ?? 0,
                        allow: allow.filter(counts),
                        ...(typeof upstream === "string" ? {} : { upstreamPeer: upstream }),
                    },
                ]),
            ),
            grants: program.grants
                .filter(({ from, to }) => counts(from) && counts(to))
                .map(({ from, to, ports }) => ({ from: [from], to: { peer: to }, ports: [ports] })),
        }),
        services: Object.fromEntries(
            served.map(([name, { upstream, keyExchange }]) => [
                name,
                {
                    port: ledger.services[name]?.port ?? 0,
                    upstream: at(upstream),
                    certificate: "ecdsa-p256",
                    keyExchange,
                },
            ]),
        ),
    };
}

/** Everything that a preview of this change says, as the plugin's own diffs say it. */
export async function previewOf(before: Program, after: Program): Promise<string[]> {
    jest.setSystemTime(new Date(after.now));
    return sentencesBetween(before, after, ledgerOf(before, undefined));
}

/** @param then the ledger before the change */
export async function sentencesBetween(before: Program, after: Program, then: Ledger): Promise<string[]> {
    const [olds, news] = [inputsOf(before, then), inputsOf(after, ledgerOf(after, then))];
    const said: string[] = [];
    const context = { log: (_: unknown, sentence: string) => void said.push(sentence) } as unknown as Context;
    for (const [role, resource] of Object.entries(RESOURCES) as [Role, Resource][]) {
        const checked = async (inputs: Properties, old?: Properties): Promise<Properties> =>
            (await resource.check(inputs, old, context)).inputs;
        const old = await checked(olds[role]);
        await resource.diff("id", old, {}, await checked(news[role], old), context);
    }
    return said;
}
