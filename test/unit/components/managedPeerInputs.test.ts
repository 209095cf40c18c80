import { ExposedService, hosts, Peer, type RelayArgs } from "../../../components/index.js";
import { secret } from "../program.js";
import { KEY, made, type Made } from "./relays.js";

const PSK = "cHJlc2hhcmVkIGtleSBvZiBub3RoaW5nIGJ1dCB0ZXM=";
const OWN = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";

/** A relay with a managed peer that routes a network, and one that routes another. */
const program = (more: Partial<RelayArgs> = {}, presharedKey?: string): Promise<Made> =>
    made(() => {
        const nas = new Peer("nas", {
            host: hosts.local({ namespace: "nas" }),
            routes: ["192.168.7.0/24"],
            ...(presharedKey === undefined ? {} : { presharedKey }),
        });
        const yard = { name: "yard", publicKey: KEY, routes: ["192.168.8.0/24"] };
        const services = [new ExposedService("books", { on: nas, upstream: { peer: nas, port: 80 }, allow: [yard] })];
        const grants = [{ from: nas, to: { peer: "yard", network: "192.168.8.0/24" }, ports: ["tcp/22"] }];
        return { peers: [nas, yard], services, grants, keepalive: 15, mtu: 1380, ...more };
    });

it("its interface has one peer, the relay, with the networks that are reached through it", async () => {
    const { of } = await program();
    expect(of("hub-nas-wireguard")).toMatchObject({
        ...{ address: "10.8.0.2", prefix: 32, listenPort: 0, epochs: [1], mtu: 1380, routes: ["192.168.7.0/24"] },
        privateKeys: secret({ 1: OWN }),
        peers: { hub: { address: "10.8.0.1", routes: ["10.8.0.0/24", "192.168.8.0/24"] } },
        presharedKeys: secret({}),
        leaf: { name: "nas", keyEpoch: 1, admitted: 1, endpoint: "192.0.2.7:51820", keepalive: 15 },
    });
    expect(of("hub-nas-wireguard")["publicKeys"]).toHaveProperty("hub");
});

it("has the preshared key that the program gives, and IPv6 where the relay has it", async () => {
    const { of } = await program({ subnet6: "fd12::/64" }, PSK);
    expect(of("hub-nas-wireguard")).toMatchObject({
        ...{ address6: "fd12::2", prefix6: 128, subnet6: "fd12::/64" },
        presharedKeys: secret({ hub: PSK }),
        peers: { hub: { address6: "fd12::1", routes: ["10.8.0.0/24", "fd12::/64", "192.168.8.0/24"] } },
    });
    expect(of("hub-nas-proxy")["addresses"]).toEqual(["10.8.0.2", "fd12::2"]);
});

it("its table and its proxy are for its own address, network and services", async () => {
    const { of } = await program({ certificateRenewal: "relay" });
    expect(of("hub-nas-firewall")).toMatchObject({
        ...{ address: "10.8.0.2", subnet: "10.8.0.0/24", interfaces: ["wg0"], routes: ["192.168.7.0/24"] },
    });
    expect(of("hub-nas-proxy")).toMatchObject({
        addresses: ["10.8.0.2"],
        services: { books: { upstream: "127.0.0.1:80" } },
        renewal: "relay",
    });
    expect(of("hub-proxy")["services"]).toEqual({});
    // Of the relay's rules, those that lead to it.
    expect(JSON.stringify(of("hub-nas-grants")["rules"])).toContain("10.8.0.3 -> 10.8.0.2 tcp/8443");
});
