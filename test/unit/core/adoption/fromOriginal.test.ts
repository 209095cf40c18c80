import { fromOriginal } from "../../../../core/adoption/fromOriginal.js";
import { KEYS } from "../../providers/resources/relays.js";

type State = Parameters<typeof fromOriginal>[0];
const peer = (name: string, key: string, address: string, status = "active"): object => ({
    ...{ name, public_key: key, tunnel_ip: address, status },
});
const state = (
    more: Partial<State> = {},
    peers = [peer("alice", KEYS.alice, "10.8.0.5")],
    relay: object = {},
): State => ({
    subject: "state",
    peers: {
        relay: { endpoint: "vpn.example.org:4500", public_key: KEYS.dave, tunnel_ip: "10.8.0.1", ...relay },
        peers,
        ip_pool: { subnet: "10.8.0.0/24" },
    },
    ...{ presharedKeys: {}, privateKeyFile: "state/relay.key", interface: "wg0" },
    ...more,
});
const service = (upstream: string, status = "active"): object => ({ name: "wiki", upstream, port: 8443, status });

it("takes the relay with the peers that are active, and their preshared keys apart", () => {
    const peers = [peer("alice", KEYS.alice, "10.8.0.5"), peer("bob", KEYS.bob, "10.8.0.6", "revoked")];
    const { relay, presharedKeys } = fromOriginal(state({ presharedKeys: { alice: `${KEYS.carol}\n` } }, peers));
    expect(relay).toEqual({
        ...{ interface: "wg0", privateKeyFile: "state/relay.key", publicKey: KEYS.dave, listenPort: 4500 },
        ...{ subnet: "10.8.0.0/24", endpoint: "vpn.example.org:4500", services: [] },
        peers: [{ name: "alice", publicKey: KEYS.alice, address: "10.8.0.5", routes: [], preshared: true }],
        left: expect.arrayContaining([
            "1 revoked peer is not carried over: new names may get that address",
            "the tool's audit.log is not sealed and is not part of the new log: keep it",
        ]),
    });
    expect(presharedKeys).toEqual({ alice: KEYS.carol });
    expect(JSON.stringify(relay)).not.toContain(KEYS.carol);
});

it("believes the relay's own address more than the tool's pool", () => {
    expect(fromOriginal(state({}, [], { tunnel_ip: "10.99.0.1" })).relay.subnet).toBe("10.99.0.0/24");
    expect(() => fromOriginal(state({}, [], { tunnel_ip: "10.8.0.7" }))).toThrow(
        "state/peers.json: relay.tunnel_ip: 10.8.0.7 is not the first address of its network, which a Relay uses; change the interface's address to the first one",
    );
});

it("has the usual port, and brackets around an IPv6 address, where the endpoint has neither", () => {
    expect(fromOriginal(state({}, [], { endpoint: "[2001:db8::7]" })).relay).toMatchObject({
        ...{ listenPort: 51820, endpoint: "[2001:db8::7]:51820" },
    });
});

it.each<[Partial<State>, string]>([
    [
        { publicKey: KEYS.bob },
        `state/relay.key: is not the private key of ${KEYS.dave}, which is the relay's key in peers.json; give a file with the relay's current key: \`wg show wg0 private-key\` on it`,
    ],
    [{ peers: { peers: [] } }, "state/peers.json.relay: is missing"],
    [{ services: { services: [{ name: "wiki" }] } }, "state/services.json.services[0].upstream: is missing"],
    [{ presharedKeys: { alice: "short" } }, "state/peers/alice/preshared.key: "],
])("refuses %j", (more, message) => {
    expect(() => fromOriginal(state(more))).toThrow(message);
});

describe("a service", () => {
    const server = peer("server", KEYS.bob, "10.8.0.2");
    const open = (upstream: string, peers: object[]) =>
        fromOriginal(state({ services: { services: [service(upstream)] } }, peers)).relay;

    it("on the loopback of the machine that ran the tool is one of the peer that has its address", () => {
        const { services, left } = open("127.0.0.1:3000", [server]);
        expect(services).toEqual([{ name: "wiki", port: 8443, upstream: { peer: "server", port: 3000 } }]);
        expect(left).toContain(
            "wiki was for 127.0.0.1:3000 on server: there it must also listen on the tunnel address, not only on loopback",
        );
    });

    it("stays as it is where no peer has that address, or where it is not on loopback", () => {
        const { services, left } = open("localhost:3000", []);
        expect(services[0]?.upstream).toBe("localhost:3000");
        expect(left.join()).toContain("no peer has its address: make it a peer and use `upstream: { peer, port }`");
        expect(open("192.168.7.9:80", [server]).services[0]?.upstream).toBe("192.168.7.9:80");
    });

    it("that was closed is not carried over", () => {
        expect(fromOriginal(state({ services: { services: [service("x:1", "closed")] } })).relay.services).toEqual([]);
    });
});
