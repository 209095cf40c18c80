import { relay } from "../../../../components/remote/relay";
import { unpacked } from "../../../../core/packed";
import { secret, SIGNATURE } from "../../providers/plugin/harness";
import { Monitor, request } from "./monitor";

const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

let monitor: Monitor;
beforeEach(async () => (monitor = await started()));
afterEach(() => monitor.stop());

/** An engine with a plugin that allocates addresses and ports. */
async function started(): Promise<Monitor> {
    const engine = await Monitor.start();
    const peers = { alice: { address: "10.8.0.2", publicKey: KEY }, nas: { address: "10.8.0.3" } };
    engine.outputs = { "qptunnel:index:Registry": { peers, services: { wiki: { port: 8443 } } } };
    return engine;
}

const inputs = {
    host: { kind: "local" },
    endpoint: "192.0.2.7",
    peers: [{ name: "alice", publicKey: KEY }, { name: "nas" }],
    services: [{ name: "wiki", upstream: { peer: "nas", port: 3000 }, allow: ["alice"] }],
    grants: [{ from: ["alice"], to: "nas", ports: ["tcp/22"] }],
};

it("declares the resources of the TypeScript component, and the key pairs that peers lack as its children", async () => {
    const { message } = await relay.construct(request(monitor, "hub", inputs), monitor.address);
    expect(message.getUrn()).toBe("urn:pulumi:prod::office::qptunnel:index:Relay::hub");
    expect(monitor.names[0]).toBe("Relay hub in office-prod");
    expect([...monitor.names].sort()).toStrictEqual([
        "AuditCheckpoint hub-audit in hub",
        "CertificateAuthority hub-ca in hub",
        "CertificateAuthority hub-ca-ecdsa-p256 in hub",
        "Firewall hub-firewall in hub",
        "Grants hub-grants in hub",
        "Host hub-host in hub",
        "KeyPair hub-key in hub",
        "KeyPair hub-nas-key in hub-nas",
        "Peer hub-nas in hub",
        "Proxy hub-proxy in hub",
        "Registry hub-registry in hub",
        "Relay hub in office-prod",
        "Seed hub-seed in hub",
        "WireGuard hub-wireguard in hub",
    ]);
    expect(unpacked("Registry", monitor.inputsOf("hub-registry"))).toMatchObject({
        audit: { path: "audit/prod.jsonl", project: "office", stack: "prod", mirror: true },
        peers: { alice: { publicKey: KEY }, nas: {} },
    });
});

it("knows a peer and a service by their former names, here and in a program in TypeScript", async () => {
    const peers = [
        { name: "alice", publicKey: KEY },
        { name: "nas", formerNames: ["disk", "nas"] },
    ];
    const services = [{ ...inputs.services[0]!, formerNames: ["notes"] }];
    await relay.construct(request(monitor, "hub", { ...inputs, peers, services }), monitor.address);
    const peer = monitor.registered.find((registered) => registered.getName() === "hub-nas");
    const aliases = peer?.getAliasesList().map((alias) => alias.getSpec());
    expect(aliases?.map((spec) => [spec?.getName(), spec?.getNoparent()])).toStrictEqual([
        ["hub-disk", false],
        ["disk", true],
        ["nas", true],
    ]);
    expect(monitor.inputsOf("hub-registry")).toMatchObject({ services: { wiki: { formerly: ["notes"] } } });
});

it("answers with what a program wants of it: configurations as secrets, each output with its suppliers", async () => {
    const { message, structs } = await relay.construct(request(monitor, "hub", inputs), monitor.address);
    expect(structs.state).toMatchObject({ endpoint: "192.0.2.7:51820", address: "10.8.0.1" });
    expect(structs.state["configs"]).toMatchObject({ [SIGNATURE]: secret("")[SIGNATURE] });
    expect(Object.keys(structs.state).sort()).toStrictEqual([
        "address",
        "addressUrls",
        "addresses",
        "caCertificate",
        "checkpoint",
        "configs",
        "endpoint",
        "keyExchange",
        "publicKey",
        "registry",
        "serviceRegistry",
        "urls",
    ]);
    const suppliers = message.getStatedependenciesMap().get("urls")?.getUrnsList();
    expect(suppliers).toContain("urn:pulumi:prod::office::qptunnel:index:Relay$qptunnel:index:Registry::hub-registry");
});

it("checks as the TypeScript components do, before anything is registered", async () => {
    const construct = (more: object) =>
        relay.construct(request(monitor, "hub", { ...inputs, ...more }), monitor.address);
    await expect(construct({ colour: "red" })).rejects.toThrow(
        "relay hub.colour: is not an argument; correct the spelling, or remove it",
    );
    await expect(construct({ peers: [{ name: "nas", rotues: [] }] })).rejects.toThrow(
        "relay hub.peers[0] (nas).rotues: is not an argument; correct the spelling, or remove it",
    );
    await expect(construct({ services: [{ name: "wiki", upstream: "127.0.0.1:80", allow: ["bob"] }] })).rejects.toThrow(
        'relay hub.services.wiki.allow[0]: refers to a peer that is not listed, "bob"; add it to the relay\'s peers, or remove it here',
    );
    expect(monitor.registered).toStrictEqual([]);
});

it("constructs several at once, each with a program of its own", async () => {
    const other = await started();
    try {
        const second = request(other, "edge", { ...inputs, endpoint: "198.51.100.9" });
        second.message.setStack("test");
        const answers = await Promise.all([
            relay.construct(request(monitor, "hub", inputs), monitor.address),
            relay.construct(second, other.address),
        ]);
        expect(answers.map(({ structs }) => structs.state["endpoint"])).toStrictEqual([
            "192.0.2.7:51820",
            "198.51.100.9:51820",
        ]);
        expect(other.inputsOf("edge-registry")).toMatchObject({ audit: { path: "audit/test.jsonl" } });
        expect(monitor.inputsOf("hub-registry")).toMatchObject({ audit: { path: "audit/prod.jsonl" } });
        expect(monitor.names.filter((name) => name.includes("edge"))).toStrictEqual([]);
    } finally {
        other.stop();
    }
});
