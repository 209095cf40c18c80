import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, hosts, Peer, type RelayArgs } from "../../../components/index.js";
import { outputKeys, registryRequest } from "../../../components/registryRequest.js";
import { type ResolvedRelay, resolveRelay } from "../../../components/relayArguments.js";
import { unpacked } from "../../../core/packed/index.js";
import { runProgram } from "../program.js";
import { KEY, OTHER } from "./relays.js";

const EXPIRES = "2099-01-01T00:00:00Z";
const GONE = Buffer.alloc(32, 7).toString("base64");

async function requestOf(
    args: () => Partial<RelayArgs>,
    make: (resolved: ResolvedRelay) => object = registryRequest,
): Promise<Record<string, unknown>> {
    const { outputs } = await runProgram(() => {
        const relay = { host: hosts.local(), audit: new AuditSink("audit"), peers: [], ...args() };
        return { made: make(resolveRelay("hub", relay)) };
    });
    return (outputs as { made: Record<string, unknown> }).made;
}

const standard = (): Partial<RelayArgs> => ({
    peers: [
        { name: "alice", publicKey: KEY },
        { peer: { name: "nas", publicKey: OTHER, routes: ["192.168.7.0/24"] }, address: "10.8.0.3" },
        { name: "gone", publicKey: GONE, expires: EXPIRES, keyEpoch: 2, reinstate: true },
    ],
    services: [
        new ExposedService("wiki", { upstream: "127.0.0.1:80" }),
        new ExposedService("blog", { upstream: "127.0.0.1:80", port: 8445 }),
    ],
});

it("the registry is asked for what decides an address or a port, and nothing that is the default", async () => {
    expect(unpacked("Registry", await requestOf(standard))).toEqual({
        subnet: "10.8.0.0/24",
        peers: {
            alice: { publicKey: KEY },
            nas: { publicKey: OTHER, routes: ["192.168.7.0/24"], address: "10.8.0.3" },
            gone: { publicKey: GONE, expires: EXPIRES, keyEpoch: 2, reinstate: true },
        },
        publicKeys: {},
        services: { wiki: {}, blog: { port: 8445 } },
    });
});

it("keys that the program does not have as a value are told beside", async () => {
    const peers = () => ({ peers: [new Peer("bob"), { name: "carol", publicKey: pulumi.output(OTHER) }] });
    expect(await requestOf(peers, (resolved) => outputKeys(resolved.peers))).toEqual({ bob: KEY, carol: OTHER });
    const request = await requestOf(peers);
    expect(unpacked("Registry", request)["peers"]).toEqual({ bob: {}, carol: {} });
});

it("what other resources say of peers is told beside what the program says", async () => {
    const given = () => ({
        peers: [
            { name: "alice", publicKey: KEY, expires: pulumi.output(EXPIRES) },
            { name: "nas", publicKey: OTHER, routes: [pulumi.output("192.168.7.0/24"), "192.168.8.0/24"] },
            Promise.resolve({ name: "dora", publicKey: GONE, routes: ["192.168.9.0/24"] }),
        ],
    });
    expect(unpacked("Registry", await requestOf(given))).toMatchObject({
        peers: { alice: { publicKey: KEY }, nas: { publicKey: OTHER } },
        supplied: {
            routes: { nas: ["192.168.7.0/24", "192.168.8.0/24"] },
            expires: { alice: EXPIRES },
            peers: { dora: { publicKey: GONE, routes: ["192.168.9.0/24"] } },
        },
    });
});
