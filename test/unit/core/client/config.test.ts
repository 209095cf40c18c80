import { renderClientConfig } from "../../../../core/client/config.js";

const common = {
    peerName: "alice",
    address: "10.8.0.2",
    relayPublicKey: "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=",
    endpoint: "203.0.113.7:51820",
    allowedIps: ["10.8.0.0/24"],
    keepalive: 25,
    mtu: 1420,
    relayName: "relay",
    appName: "qp-tunnel",
};

test("a generated key is in the file", () => {
    expect(
        renderClientConfig({
            ...common,
            address6: "fd00:8::2",
            privateKey: "mD9sZG0ifLXNvWUuqTyeS4GR1ZmXWGHZfVn4uK4kS3s=",
            presharedKey: "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=",
            allowedIps: ["10.8.0.0/24", "192.168.7.0/24", "fd00:8::/64"],
            dns: ["10.8.0.1", "corp.example"],
        }),
    ).toBe(`# alice on relay (qp-tunnel)
[Interface]
PrivateKey = mD9sZG0ifLXNvWUuqTyeS4GR1ZmXWGHZfVn4uK4kS3s=
Address = 10.8.0.2/32, fd00:8::2/128
MTU = 1420
DNS = 10.8.0.1, corp.example

# relay
[Peer]
PublicKey = DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=
PresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=
AllowedIPs = 10.8.0.0/24, 192.168.7.0/24, fd00:8::/64
Endpoint = 203.0.113.7:51820
PersistentKeepalive = 25
`);
});

test("a key it brought is loaded from where it keeps it, and the keepalive with it", () => {
    expect(renderClientConfig(common)).toBe(`# alice on relay (qp-tunnel)
[Interface]
# The private key stays with you. The next line loads it from /etc/wireguard/%i.key (%i is the name of this file
# without .conf): owned by root, mode 0600. To generate a pair, with NAME for %i:
#     (umask 077; wg genkey > /etc/wireguard/NAME.key; wg pubkey < /etc/wireguard/NAME.key)
# In an app, replace the next line with: PrivateKey = <your private key>, and add to [Peer]: PersistentKeepalive = 25
PostUp = wg set %i private-key /etc/wireguard/%i.key peer DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM= persistent-keepalive 25
Address = 10.8.0.2/32
MTU = 1420

# relay
[Peer]
PublicKey = DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=
AllowedIPs = 10.8.0.0/24
Endpoint = 203.0.113.7:51820
`);
});

test("no keepalive, no DNS, in either form", () => {
    const own = renderClientConfig({ ...common, keepalive: 0, dns: [] });
    expect(own).toContain("In an app, replace the next line with: PrivateKey = <your private key>\n");
    expect(own).toContain("PostUp = wg set %i private-key /etc/wireguard/%i.key\n");
    const generated = renderClientConfig({ ...common, privateKey: "k", keepalive: 0, dns: [] });
    for (const config of [own, generated]) expect(config).not.toMatch(/keepalive|DNS/i);
});

test("a key that was handed out before is asked for, and not in the file", () => {
    const file = renderClientConfig({ ...common, handedOut: true });
    expect(file).not.toMatch(/^PrivateKey/m);
    expect(file).toContain(`[Interface]
# The private key was in an earlier file, and only you have it. Keep it: replace the next line with
# the PrivateKey line of that file, and add to [Peer]: PersistentKeepalive = 25.
# wg-quick can also load it from /etc/wireguard/%i.key (%i is the name of this file without .conf), owned by root, mode 0600.
PostUp = wg set %i private-key /etc/wireguard/%i.key peer DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM= persistent-keepalive 25
`);
});

test("during a rotation there is still one line to replace", () => {
    const file = renderClientConfig({ ...common, relayAddress: "10.8.0.1" });
    expect(file.match(/^PostUp = .*$/gm)).toEqual([
        "PostUp = wg set %i private-key /etc/wireguard/%i.key peer DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM= persistent-keepalive 25; ping -c 1 -W 5 10.8.0.1 >/dev/null 2>&1 || true",
    ]);
});
