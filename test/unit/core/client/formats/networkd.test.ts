import { PRIVATE, PRESHARED, RELAY, full, bare, files } from "./clients.js";

it("systemd-networkd: a netdev and a network, in the words of systemd.netdev(5) and systemd.network(5)", () => {
    expect(files("networkd", full)).toEqual({
        "/etc/systemd/network/wg0.netdev": `# nas on office (qp-tunnel)
# root:systemd-network, mode 0640: systemd-networkd runs as that group, and other users must not be able to read it.
[NetDev]
Name=wg0
Kind=wireguard
MTUBytes=1420

[WireGuard]
PrivateKey=${PRIVATE}

[WireGuardPeer]
PublicKey=${RELAY}
PresharedKey=${PRESHARED}
AllowedIPs=10.8.0.0/24
AllowedIPs=fd00:8::/64
Endpoint=[2001:db8::7]:51820
PersistentKeepalive=25
`,
        "/etc/systemd/network/wg0.network": `# nas on office (qp-tunnel)
[Match]
Name=wg0

[Network]
Address=10.8.0.2/32
Address=fd00:8::2/128
DNS=10.8.0.1
Domains=corp.example

[Route]
Destination=10.8.0.0/24
Scope=link

[Route]
Destination=fd00:8::/64
`,
    });
});

it("systemd-networkd with a key of its own loads it from a file", () => {
    const { "/etc/systemd/network/wg0.netdev": netdev } = files("networkd", bare);
    expect(netdev).toContain("PrivateKeyFile=/etc/systemd/network/wg0.key\n");
    expect(netdev).not.toMatch(/PrivateKey=|PresharedKey|PersistentKeepalive/);
});
