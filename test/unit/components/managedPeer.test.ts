import { AuditSink, ExposedService, Peer, Relay, hosts } from "../../../components/index.js";
import { runProgram, type Registered } from "../program.js";

const SSH = {
    address: "nas.example.org",
    hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
};

async function registered(): Promise<{
    of: (name: string) => Record<string, unknown>;
    all: Registered[];
    urls: string[];
}> {
    const { registered: all, outputs } = await runProgram(() => {
        const alice = new Peer("alice");
        const nas = new Peer("nas", { host: hosts.ssh(SSH), routes: ["192.168.7.0/24"], interface: "wg7" });
        const yard = new Peer("yard", { routes: ["192.168.8.0/24", "192.168.9.0/24"] });
        const wiki = new ExposedService("wiki", { upstream: "127.0.0.1:80", allow: [alice] });
        const books = new ExposedService("books", { on: nas, upstream: { peer: nas, port: 80 }, allow: "everyone" });
        const network = "192.168.7.0/24";
        const relay = new Relay("office", {
            host: hosts.local(),
            audit: new AuditSink("audit"),
            peers: [alice, nas, yard],
            services: [wiki, books],
            grants: [
                { from: nas, to: { peer: yard, network: "192.168.8.0/24" }, ports: ["all"] },
                { from: [alice, { peer: nas, network }], to: yard, ports: ["tcp/22"] },
            ],
            keyEpochs: [1, 2],
        });
        return { urls: [relay.urlOf(books), relay.urlOf(books, "address"), relay.urlOf(wiki, "address")] };
    });
    const of = (name: string) => all.find((resource) => resource.name === name)!.inputs;
    return { of, all, urls: outputs.urls };
}

it("makes a managed peer's machine follow the relay, with the rules and networks that concern it", async () => {
    const { of, all } = await registered();
    expect(all.filter(({ name }) => name.startsWith("office-nas")).map(({ type }) => type)).toEqual(
        ["ManagedPeer", "Host", "Firewall", "WireGuard", "Proxy", "Grants"].map((type) => `qptunnel:index:${type}`),
    );
    expect(of("office-nas-wireguard")).toMatchObject({
        ...{ relay: "office/nas", role: "leaf", interface: "wg7", address: "10.8.0.3", prefix: 32, listenPort: 0 },
        ...{ epochs: [1], routes: ["192.168.7.0/24"], mtu: 1420 },
        peers: { office: { address: "10.8.0.1", routes: ["10.8.0.0/24", "192.168.8.0/24"] } },
        leaf: { name: "nas", keyEpoch: 1, admitted: 1, endpoint: "192.0.2.7:51821", keepalive: 25 },
    });
    expect(of("office-nas-firewall")).toMatchObject({ role: "leaf", interfaces: ["wg7"], routes: ["192.168.7.0/24"] });
    const rules = {
        alice: ["10.8.0.2 -> 10.8.0.3 tcp/8443"],
        yard: ["10.8.0.4 -> 10.8.0.3 tcp/8443"],
        nas: ["10.8.0.3 -> 192.168.8.0/24 all", "192.168.7.0/24 -> 10.8.0.4 tcp/22"],
    };
    expect(of("office-nas-grants")["rules"]).toEqual(rules);
    expect(of("office-grants")["rules"]).toEqual({
        ...rules,
        alice: ["10.8.0.2 -> 10.8.0.1 tcp/8444", "10.8.0.2 -> 10.8.0.3 tcp/8443", "10.8.0.2 -> 10.8.0.4 tcp/22"],
    });
});

it("serves a service on one machine only, and says where", async () => {
    const { of, urls } = await registered();
    expect(of("office-nas-proxy")).toMatchObject({
        addresses: ["10.8.0.3"],
        services: { books: { port: 8443, upstream: "127.0.0.1:80" } },
    });
    expect(Object.keys(of("office-proxy")["services"] as object)).toEqual(["wiki"]);
    expect(urls).toEqual(["https://books.qp-tunnel.internal:8443", "https://10.8.0.3:8443", "https://10.8.0.1:8444"]);
});

it("refuses one whose relay cannot be asked", () => {
    const peers = [new Peer("nas", { host: hosts.ssh(SSH) })];
    const host = hosts.script({ path: "relay.sh" });
    expect(
        () => new Relay("office", { host, endpoint: "vpn.example.org", audit: new AuditSink("audit"), peers }),
    ).toThrow(
        "relay office.peers.nas.host: is a managed peer, which a relay that is configured by a script cannot have; remove it, and hand out configFor(peer)",
    );
});
