import * as pulumi from "@pulumi/pulumi";

import { OwnLog, OwnPeer, OwnService } from "../../../../components/ownParts";
import { relayArgsOf } from "../../../../components/remote/relayData";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const local = { kind: "local" };

it("makes the arguments of the TypeScript components of data", () => {
    const data = {
        host: { kind: "ssh", address: "192.0.2.7", trustOnFirstUse: true, user: "admin" },
        peers: [
            { name: "alice", publicKey: KEY, expires: "2030-01-01T00:00:00Z", handedOut: false },
            { name: "nas", routes: ["192.168.7.0/24"], formerNames: ["disk"] },
            { name: "branch", host: { kind: "local", namespace: "branch" }, interface: "wg1" },
        ],
        services: [{ name: "wiki", upstream: { peer: "nas", port: 3000 }, allow: ["alice"] }],
        grants: [{ from: ["alice"], to: "nas", ports: ["tcp/22"] }],
        audit: { mirror: false },
        mtu: 1400,
    };
    expect(relayArgsOf("relay", data)).toEqual({
        host: {
            descriptor: {
                kind: "ssh",
                address: "192.0.2.7",
                port: 22,
                user: "admin",
                sudo: true,
                packages: "install",
                trustOnFirstUse: true,
            },
        },
        peers: [
            { name: "alice", publicKey: KEY, expires: "2030-01-01T00:00:00Z" },
            new OwnPeer("nas", { routes: ["192.168.7.0/24"] }, ["disk"]),
            new OwnPeer("branch", { host: { descriptor: { kind: "local", namespace: "branch" } }, interface: "wg1" }),
        ],
        services: [new OwnService("wiki", { upstream: { peer: "nas", port: 3000 }, allow: ["alice"] })],
        grants: data.grants,
        audit: new OwnLog({ mirror: false }),
        mtu: 1400,
    });
});

it("has a log without being told of one, and leaves what the relay's own schema names", () => {
    expect(relayArgsOf("relay", { host: local, colour: "red", peers: "alice" })).toMatchObject({
        audit: new OwnLog({}),
        colour: "red",
        peers: "alice",
    });
});

it.each<[string, object, string]>([
    ["no host", { host: undefined }, 'relay r.host: is missing; give one: { kind: "local" }'],
    [
        "a host that is not known",
        { host: pulumi.output({}) },
        'relay r.host: is not an object that is known when the program runs; give one: { kind: "local" }',
    ],
    [
        "a host without a kind",
        { host: {} },
        'relay r.host.kind: is missing; choose "local", "ssh", "digitalOcean" or "script"',
    ],
    [
        "another kind of host",
        { host: { kind: "toString" } },
        'relay r.host.kind: is not an allowed value; choose "local", "ssh", "digitalOcean" or "script"',
    ],
    [
        "an argument of another kind of host",
        { host: { kind: "local", address: "192.0.2.7" } },
        "relay r.host.address: is not an argument; correct the spelling, or remove it",
    ],
    [
        "what a host lacks",
        { host: { kind: "ssh", port: 0 } },
        "relay r.host: 2 arguments are invalid; correct them:\n  relay r.host.address: is missing; give a string\n  relay r.host.port: is too small; choose 1 or more",
    ],
    [
        "a host of a managed peer",
        { peers: [{ name: "nas", host: { kind: "local", namespace: "" } }] },
        "relay r.peers[0].host.namespace: is not the name of a network namespace; give one that `ip netns list` prints",
    ],
    [
        "a peer that is no object",
        { peers: ["alice"] },
        "relay r.peers[0]: is not an object that is known when the program runs; give an object",
    ],
    [
        "former names that are none",
        { services: [{ name: "wiki", formerNames: "notes" }] },
        'relay r.services[0].formerNames: is not a list of names; give one, like ["nas"]',
    ],
    ["a peer without a name", { peers: [{}] }, "relay r.peers[0].name: is missing; give a name"],
    [
        "a service with a name that is not known",
        { services: [{ name: pulumi.output("wiki") }] },
        "relay r.services[0].name: is not a string that is known when the program runs; give a name",
    ],
    [
        "a log that is no object",
        { audit: "audit.jsonl" },
        "relay r.audit: is not an object that is known when the program runs; give an object",
    ],
])("names %s", (_, data, message) => {
    expect(() => relayArgsOf("r", { host: local, ...data })).toThrow(message);
});

test("everyone is a list of that word, for SDKs whose lists are nothing else", () => {
    const allow = (given: unknown) =>
        relayArgsOf("r", {
            host: { kind: "local" },
            peers: [],
            services: [{ name: "wiki", upstream: "a:1", allow: given }],
        });
    expect(allow(["everyone"])).toStrictEqual(allow("everyone"));
    expect(allow(["everyone", "alice"])).not.toStrictEqual(allow("everyone"));
});
