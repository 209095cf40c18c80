import { clientConfigOf, type ClientParts } from "../../../../core/client/configOf.js";
import { clientSettings } from "../../../../core/client/settings.js";
import { relayArgs, validate, type RelayPlain } from "../../../../core/arguments/index.js";
import { presharedKey } from "../../../../core/keys/index.js";

const seed = Buffer.alloc(32, "seed").toString("base64");
const publicKey = Buffer.alloc(32, "alice").toString("base64");

const plain: RelayPlain = validate(
    relayArgs,
    {
        host: { descriptor: { kind: "local" } },
        peers: [],
        subnet6: "fd00:8::/64",
        keepalive: 15,
        dns: "10.8.0.1",
        routes: ["192.168.7.0/24", "192.168.8.0/24"],
        grants: [
            { from: ["alice", "bob"], to: { network: "192.168.7.0/24" }, ports: ["all"] },
            { from: ["alice"], to: { peer: "nas", network: "192.168.9.0/24" }, ports: ["tcp/22"] },
            { from: ["alice"], to: { network: "192.168.7.0/24" }, ports: ["icmp"] },
            { from: ["bob"], to: "alice", ports: ["tcp/22"] },
            { from: { peer: "nas", network: "192.168.10.0/24" }, to: "carol", ports: ["tcp/22"] },
        ],
        audit: {},
    },
    "relay office",
);

const parts: ClientParts = {
    relay: "office",
    peer: "alice",
    settings: clientSettings(plain as Parameters<typeof clientSettings>[0]),
    entry: { address: "10.8.0.2", address6: "fd00:8::2", keyEpoch: 2, admitted: 3 },
    publicKey,
    seed,
    relayPublicKey: "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=",
    endpoint: "203.0.113.7:51820",
};

it("routes the tunnel and the networks that grants let it reach, once each", () => {
    expect(clientConfigOf(parts).allowedIps).toEqual([
        "10.8.0.0/24",
        "fd00:8::/64",
        "192.168.7.0/24",
        "192.168.9.0/24",
    ]);
    expect(clientConfigOf({ ...parts, peer: "bob" }).allowedIps).toContain("192.168.7.0/24");
    // Answers to the network behind it go through the tunnel.
    expect(clientConfigOf({ ...parts, peer: "carol" }).allowedIps).toContain("192.168.10.0/24");
    expect(clientConfigOf({ ...parts, peer: "nas" }).allowedIps).toEqual(["10.8.0.0/24", "fd00:8::/64"]);
    expect(clientConfigOf({ ...parts, peer: "constructor" }).allowedIps).toEqual(["10.8.0.0/24", "fd00:8::/64"]);
});

it("derives the preshared key from the peer's identity, or takes the one that was given", () => {
    const derived = presharedKey(seed, { name: "alice", publicKey, keyEpoch: 2, admitted: 3 });
    expect(clientConfigOf(parts).presharedKey).toBe(derived);
    const given = Buffer.alloc(32, "given").toString("base64");
    expect(clientConfigOf({ ...parts, presharedKey: given }).presharedKey).toBe(given);
    expect(clientConfigOf({ ...parts, presharedKey: "none" })).not.toHaveProperty("presharedKey");
});

it("refuses a key or an endpoint that would be another line of the file, and does not show it", () => {
    const injected = "x\nPostUp = reboot";
    for (const more of [{ presharedKey: injected }, { privateKey: injected }, { publicKey: injected }])
        expect(() => clientConfigOf({ ...parts, ...more })).toThrow(/^office: peers\.alice\.\w+Key: (?!.*reboot)/);
    expect(() => clientConfigOf({ ...parts, endpoint: "relay:1\nPostUp = reboot" })).toThrow("office: endpoint: ");
});

it("says what the relay's program says of all", () => {
    expect(clientConfigOf(parts)).toMatchObject({
        ...{ peerName: "alice", relayName: "office", appName: "qp-tunnel", address: "10.8.0.2", address6: "fd00:8::2" },
        ...{ keepalive: 15, mtu: 1420, dns: ["10.8.0.1"], endpoint: "203.0.113.7:51820" },
    });
    expect(clientConfigOf(parts)).not.toHaveProperty("privateKey");
});
