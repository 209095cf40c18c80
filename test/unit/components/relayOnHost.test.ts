import { hosts, Peer } from "../../../components/index.js";
import { secret } from "../program.js";
import { KEY, made } from "./relays.js";

const OWN = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";

it("denies everything first, then brings up the interface, serves, and adds access last", async () => {
    const { all, of } = await made();
    const order = ["host", "firewall", "wireguard", "proxy", "grants"].map((role) => `hub-${role}`);
    expect(all.map(({ name }) => name).filter((name) => order.includes(name))).toEqual(order);
    for (const name of order.slice(1)) expect(of(name)["machine"]).toBe("m1");
    expect(of("hub-host")["admitted"]).toMatchObject({ peers: expect.stringContaining("alice") as string });
    expect(of("hub-firewall")).toMatchObject({ address: "10.8.0.1", interfaces: ["wg0"], routes: [] });
    expect(of("hub-wireguard")).toMatchObject({
        prefix: 24,
        epochs: [1],
        peerNames: "alice",
        listed: ["alice"],
        privateKeys: secret({ 1: OWN }),
        reached: { endpoint: "192.0.2.7", machine: "192.0.2.7" },
    });
    expect(of("hub-proxy")).toMatchObject({ addresses: ["10.8.0.1"], services: {} });
});

it("has a key pair for each key epoch, and none where the relay makes its own", async () => {
    expect((await made(() => ({ keyEpochs: [1, 2] }))).named("KeyPair")).toEqual(["hub-key", "hub-key-2"]);
    const { named, of } = await made(() => ({ identity: "host" }));
    expect(named("KeyPair")).toEqual([]);
    expect(of("hub-wireguard")).toMatchObject({ identity: "host" });
    expect(of("hub-wireguard")).not.toHaveProperty("privateKeys");
});

describe("with the key of an existing interface", () => {
    it("takes the interface over: the firewall comes to it first, and compares it with what WireGuard is told", async () => {
        const { of } = await made(() => ({ privateKey: OWN, mtu: 1380, adoptChanges: "0123456789abcdef" }));
        expect(of("hub-key")).toMatchObject({ owner: "hub", privateKey: secret(OWN) });
        const adoption = { isMtuGiven: true, forwards: [], accepts: "0123456789abcdef" };
        const { wanted, seed, ...firewall } = of("hub-firewall");
        expect(firewall).toMatchObject({ adopts: KEY, adoption });
        expect(wanted).toMatchObject({ prefix: 24, listenPort: 51820, mtu: 1380, peers: { alice: {} } });
        expect(seed).toBeDefined();
        expect(of("hub-wireguard")).toMatchObject({ adopts: KEY, adoption });
    });

    it("reads the key from a file where the program names one", async () => {
        const { of } = await made(() => ({ privateKey: "file:/etc/wireguard/wg0.key" }));
        expect(of("hub-key")).toMatchObject({ privateKeyFile: "/etc/wireguard/wg0.key" });
        expect(of("hub-key")).not.toHaveProperty("privateKey");
    });

    it("is told nothing of it otherwise", async () => {
        const { of } = await made();
        for (const name of ["adopts", "adoption", "wanted", "seed"])
            expect(of("hub-firewall")).not.toHaveProperty(name);
    });
});

it("preshared keys that the program gives are secrets, the others are derived", async () => {
    const { of } = await made(() => ({
        peers: [
            { name: "alice", publicKey: KEY, presharedKey: "none" },
            new Peer("bob", { expires: "2099-01-01T00:00:00Z" }),
        ],
        host: hosts.local(),
    }));
    expect(of("hub-wireguard")).toMatchObject({
        presharedKeys: secret({ alice: "none" }),
        publicKeys: { bob: KEY },
        listed: ["alice"],
        peerNames: "alice bob",
    });
});

it("renews certificates by itself only where the program says so", async () => {
    for (const args of [{}, { certificateRenewal: "up" as const }])
        expect((await made(() => args)).of("hub-proxy")).not.toHaveProperty("renewal");
    expect((await made(() => ({ certificateRenewal: "relay" }))).of("hub-proxy")["renewal"]).toBe("relay");
});
