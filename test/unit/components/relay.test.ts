import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, Relay, hosts, type Grant } from "../../../components/index.js";
import { runProgram } from "../program.js";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const alice = { name: "alice", publicKey: KEY };

function relay(more: object): Relay {
    const peers = [alice];
    return new Relay("relay", { host: hosts.local(), audit: new AuditSink("audit"), peers, ...more });
}

it("names the properties of peers and services, for the compiler too", async () => {
    const { outputs } = await runProgram(() => {
        const services = [new ExposedService("wiki", { upstream: "127.0.0.1:3000" })];
        const made = relay({ services });
        // No assertions of types here: this does not compile where the outputs are not typed.
        const fingerprints: pulumi.Output<string[]> = made.registry.apply((registry) =>
            Object.values(registry).map(({ fingerprint, status }) => `${status} ${fingerprint}`),
        );
        const urls: pulumi.Output<string[]> = made.serviceRegistry.apply((served) =>
            Object.values(served).map(({ url, group = "" }) => `${url} ${group}`),
        );
        return { fingerprints, urls };
    });
    expect(outputs).toEqual({ fingerprints: [], urls: [] });
});

it("warns of a resolver that no peer reaches, and of none that everybody reaches", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
    await runProgram(() => relay({ dns: "10.8.0.1" }));
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
        expect.stringMatching(/^dns: 10\.8\.0\.1 is the relay/),
    ]);
    warn.mockClear();
    const grants = [{ from: "alice", to: { network: "192.168.50.0/24" }, ports: ["udp/53"] }];
    await runProgram(() => relay({ dns: ["192.168.50.53", "corp.example"], routes: ["192.168.50.0/24"], grants }));
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
});

const KEYS = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];

/** What is said of a relay with two peers, the second of which is the resolver. */
async function warnings(dns: string, grants: Grant[]): Promise<string[]> {
    const said: string[] = [];
    jest.spyOn(pulumi.log, "warn").mockImplementation((message) => Promise.resolve(void said.push(message)));
    await runProgram(() => {
        const peers = ["alice", "resolver"].map((name, index) => ({
            name,
            publicKey: KEYS[index]!,
            address: `10.8.0.${index + 52}`,
        }));
        new Relay("hub", {
            host: hosts.local(),
            endpoint: "192.0.2.7",
            audit: new AuditSink("audit"),
            peers,
            dns,
            grants,
        });
    });
    return said.filter((sentence) => sentence.startsWith("dns"));
}

it("warns of a resolver in the tunnel that no grant lets peers ask", async () => {
    expect(await warnings("10.8.0.53", [])).toStrictEqual([
        "dns: no grant allows alice to query 10.8.0.53 (resolver), so names do not resolve there; grant udp/53 and tcp/53 to it, or remove `dns`",
    ]);
    expect(await warnings("10.8.0.53", [{ from: "alice", to: "resolver", ports: ["udp/53", "tcp/53"] }])).toStrictEqual(
        [],
    );
    expect(await warnings("10.8.0.1", [])).toStrictEqual([
        expect.stringMatching(/^dns: 10\.8\.0\.1 is the relay itself/),
    ]);
    expect(await warnings("9.9.9.9", [])).toStrictEqual([]);
});

it("tells where each service is, and has a file for each peer that it lists", async () => {
    let made: Relay | undefined;
    const { outputs } = await runProgram(() => {
        const wiki = new ExposedService("Wiki", { upstream: "127.0.0.1:3000" });
        made = relay({ endpoint: "192.0.2.7", services: [wiki], keyEpochs: [1, 2] });
        return {
            urls: [made.urlOf(wiki), made.urlOf("Wiki", "address")],
            address: made.address,
            addresses: made.addresses,
            endpoint: made.endpoint,
            configs: [made.configFor("alice"), made.configFor("alice", { epoch: 1 })],
        };
    });
    expect(outputs).toMatchObject({
        urls: ["https://wiki.qp-tunnel.internal:8443", "https://10.8.0.1:8443"],
        address: "10.8.0.1",
        addresses: { alice: "10.8.0.2" },
        endpoint: "192.0.2.7:51821",
    });
    expect(outputs.configs.map((text) => /Endpoint = .*/.exec(text)?.[0])).toEqual([
        "Endpoint = 192.0.2.7:51821",
        "Endpoint = 192.0.2.7:51820",
    ]);
    expect(() => made?.urlOf("blog")).toThrow("urlOf: the relay has no service blog; list it in `services`");
    expect(() => made?.configFor("bob")).toThrow("configFor: the relay has no peer bob; list it in `peers`");
    expect(() => made?.configFor("alice", { epoch: 3 })).toThrow(
        "configFor.epoch: the relay has no key epoch 3; choose 1 or 2",
    );
});
