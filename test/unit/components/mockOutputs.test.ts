/** Programs under the mocks that Pulumi's documentation shows: every resource answers with its inputs. */
import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, getStatus, hosts, Peer, Relay, type RelayArgs } from "../../../components/index.js";
import { OUTPUTS } from "../../../components/managed.js";
import { MOCK_OUTPUTS, mockKey, mockSshKey } from "../../../core/mocks/index.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const HOST_KEY = mockSshKey("machine");

/** As on https://www.pulumi.com/docs/iac/guides/testing/unit/ */
const documented: pulumi.runtime.Mocks = {
    newResource: (args: pulumi.runtime.MockResourceArgs) => ({
        id: `${args.inputs.name as string}_id`,
        state: args.inputs as object,
    }),
    call: (args: pulumi.runtime.MockCallArgs) => args.inputs as object,
};

const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));
beforeEach(() => void (rejections.length = 0));

/** Every output of a relay, and what is made of it. */
function everything(more: Partial<RelayArgs>) {
    const host = more.host ?? hosts.local();
    const isScript = host.descriptor.kind === "script";
    const alice = new Peer("alice", { publicKey: KEY });
    const nas = new Peer("nas", isScript ? {} : { host: hosts.ssh({ address: "192.0.2.9", hostKey: HOST_KEY }) });
    const phone = new Peer("phone-of-bob", isScript ? {} : { expires: "2099-01-01T00:00:00Z" });
    const wiki = new ExposedService("wiki", { upstream: { peer: nas, port: 3000 }, allow: [alice, phone] });
    const files = new ExposedService("files", { upstream: "127.0.0.1:80", ...(isScript ? {} : { on: nas }) });
    const relay = new Relay("office", {
        host,
        audit: new AuditSink("audit"),
        peers: [alice, { peer: nas, address: "10.8.0.77" }, phone],
        services: [wiki, files],
        grants: [{ from: alice, to: nas, ports: ["tcp/22"] }],
        ...more,
    });
    return {
        addresses: relay.addresses,
        endpoint: relay.endpoint,
        publicKey: relay.publicKey,
        registry: relay.registry,
        serviceRegistry: relay.serviceRegistry,
        keyExchange: relay.keyExchange,
        caCertificate: relay.caCertificate,
        checkpoint: relay.checkpoint,
        urls: [relay.urlOf(wiki), relay.urlOf("files", "address")],
        configs: [alice, nas, phone].map((peer) => relay.configFor(peer)),
        oldest: relay.configFor(phone, { epoch: Math.min(...(more.keyEpochs ?? [1])) }),
        status: getStatus(relay),
        privateKey: phone.privateKey,
    };
}

async function run<T>(build: () => T, mocks = documented, preview = false): Promise<pulumi.Unwrap<T>> {
    await pulumi.runtime.setMocks(mocks, "office", "prod", preview);
    const outputs = await new Promise<pulumi.Unwrap<T>>((resolve) => {
        pulumi.output(build()).apply(resolve);
    });
    await pulumi.runtime.disconnect();
    // What is rejected without a handler is reported after the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    return outputs;
}

it.each<[string, () => Partial<RelayArgs>]>([
    ["on this machine", () => ({})],
    ["over SSH", () => ({ host: hosts.ssh({ address: "198.51.100.7", hostKey: HOST_KEY }) })],
    ["on a Droplet", () => ({ host: hosts.digitalOcean({ region: "fra1" }) })],
    [
        "on a Droplet with an address of its own",
        () => ({ host: hosts.digitalOcean({ region: "fra1", reservedIp: true }) }),
    ],
    ["by a script", () => ({ host: hosts.script({ path: "relay.sh" }), endpoint: "relay.example.org" })],
    ["with IPv6 and two key epochs", () => ({ subnet6: "fd00:8::/64", keyEpochs: [1, 2] })],
    ["whose key is given", () => ({ privateKey: pulumi.secret(KEY) })],
    ["whose key stays on it", () => ({ identity: "host", dns: "10.8.0.1", certificateRenewal: "relay" })],
])("a relay %s gives all its outputs", async (_, more) => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
    const outputs = await run(() => everything(more()));
    expect(rejections).toEqual([]);
    expect(outputs.addresses).toEqual({ alice: "10.8.0.2", nas: "10.8.0.77", "phone-of-bob": "10.8.0.3" });
    expect(outputs.urls[0]).toBe("https://wiki.qp-tunnel.internal:8444");
    for (const config of [...outputs.configs, outputs.oldest]) {
        expect(config).toMatch(/^PublicKey = .*mock\/public\/office/m);
        expect(config).toMatch(/^Endpoint = \S+:\d+$/m);
        expect(config).toMatch(/^PresharedKey = \S{43}=$/m);
    }
    expect(outputs.urls[1]).toMatch(/^https:\/\/10\.8\.0\.(1|77):8443$/);
    expect(outputs.configs[1]).toContain(`PrivateKey = ${mockKey("private", "nas")}\n`);
    expect(outputs.privateKey).toMatch(/^mock\/private\/phone\/of\/bob\//);
    expect(outputs.registry["alice"]).toMatchObject({ address: "10.8.0.2", publicKey: KEY, status: "active" });
    expect(outputs.serviceRegistry["wiki"]).toMatchObject({ url: outputs.urls[0] });
    expect(outputs.caCertificate).toContain("mock certificate");
    expect(outputs.checkpoint).toMatchObject({ size: 1, note: "mock checkpoint\n" });
    expect(outputs.status).toMatchObject({ reachable: false, problem: "the mocks of this unit test do not say" });
    warn.mockRestore();
});

it("knows addresses and URLs in a preview too, and nothing of what only an apply knows", async () => {
    const outputs = await run(
        () => {
            const { addresses, urls } = everything({});
            return { addresses, urls };
        },
        documented,
        true,
    );
    expect(rejections).toEqual([]);
    expect(outputs.addresses["alice"]).toBe("10.8.0.2");
    expect(outputs.urls[0]).toBe("https://wiki.qp-tunnel.internal:8444");
});

it("leaves alone what the mocks do say", async () => {
    const state: Record<string, object> = {
        Registry: { peers: { alice: { address: "10.8.0.200" } }, services: {} },
        KeyPair: { publicKey: KEY, privateKey: KEY },
        Host: { address: "198.51.100.99" },
    };
    const mocks: pulumi.runtime.Mocks = {
        newResource: ({ type, name, inputs }) => ({
            id: name,
            state: { ...(inputs as object), ...state[type.replace("qptunnel:index:", "")] },
        }),
        call: () => ({ status: JSON.stringify({ relay: "office", reachable: true }) }),
    };
    const outputs = await run(() => {
        const relay = new Relay("office", {
            host: hosts.local(),
            audit: new AuditSink("audit"),
            peers: [new Peer("alice")],
        });
        return { config: relay.configFor("alice"), addresses: relay.addresses, status: getStatus(relay) };
    }, mocks);
    expect(outputs.addresses).toEqual({ alice: "10.8.0.200" });
    expect(outputs.config).toContain(`PrivateKey = ${KEY}\n`);
    expect(outputs.config).toContain("Endpoint = 198.51.100.99:51820\n");
    expect(outputs.status).toEqual({ relay: "office", reachable: true });
});

it("has a value for every output of the plugin's resources that a program reads", () => {
    const absent = Object.entries(OUTPUTS).flatMap(([type, outputs]) =>
        outputs.filter((output) => MOCK_OUTPUTS[type]?.[output] === undefined).map((output) => `${type}.${output}`),
    );
    // Addresses and ports are allocated; the others are for a machine that was replaced, or for a receipt.
    expect(absent).toEqual(["Registry.peers", "Registry.services", "Host.moved", "Script.receipt"]);
});
