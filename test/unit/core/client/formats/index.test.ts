import { CLIENT_FORMATS } from "../../../../../core/client/formats/index.js";
import { renderClientConfig, type ClientConfig } from "../../../../../core/client/config.js";

const PRIVATE = "mD9sZG0ifLXNvWUuqTyeS4GR1ZmXWGHZfVn4uK4kS3s=";
const PRESHARED = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
const RELAY = "DCqTOyDHNgoyD0vJX4v5pgK2PKYrBCzJrQvOWpNkrEM=";

const full: ClientConfig = {
    peerName: "nas",
    address: "10.8.0.2",
    address6: "fd00:8::2",
    privateKey: PRIVATE,
    presharedKey: PRESHARED,
    relayPublicKey: RELAY,
    endpoint: "[2001:db8::7]:51820",
    allowedIps: ["10.8.0.0/24", "fd00:8::/64"],
    keepalive: 25,
    mtu: 1420,
    dns: ["10.8.0.1", "corp.example"],
    relayName: "office",
    appName: "qp-tunnel",
};
/** Her own key, no preshared key, no keepalive, no resolvers. */
const { privateKey: _key, presharedKey: _psk, dns: _dns, address6: _address6, ...rest } = full;
const bare: ClientConfig = { ...rest, endpoint: "relay.example:51820", allowedIps: ["10.8.0.0/24"], keepalive: 0 };

const files = (format: string, config: ClientConfig): Record<string, string> =>
    Object.fromEntries(CLIENT_FORMATS[format]!(config, "wg0").map(({ path = "", text }) => [path, text]));

it("wg-quick is the file of configFor", () => {
    expect(files("wg-quick", full)).toEqual({ "/etc/wireguard/wg0.conf": renderClientConfig(full) });
});

it("systemd-networkd: a netdev and a network, in the words of systemd.netdev(5) and systemd.network(5)", () => {
    expect(files("networkd", full)).toEqual({
        "/etc/systemd/network/wg0.netdev": `# nas on office (qp-tunnel)
# root:systemd-network, mode 0640: systemd-networkd runs as that group, and nobody else may read it.
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

it("systemd-networkd with a key of her own loads it from a file", () => {
    const { "/etc/systemd/network/wg0.netdev": netdev } = files("networkd", bare);
    expect(netdev).toContain("PrivateKeyFile=/etc/systemd/network/wg0.key\n");
    expect(netdev).not.toMatch(/PrivateKey=|PresharedKey|PersistentKeepalive/);
});

it("NixOS: a module without any secret, which everybody could read in the store, and the files it names", () => {
    expect(files("nixos", full)).toEqual({
        "/etc/nixos/wg0.nix": `# nas on office (qp-tunnel)
# /etc/wireguard/wg0.key and /etc/wireguard/wg0.psk: owned by root, mode 0600.
{
  networking.wg-quick.interfaces."wg0" = {
    address = [ "10.8.0.2/32" "fd00:8::2/128" ];
    privateKeyFile = "/etc/wireguard/wg0.key";
    mtu = 1420;
    dns = [ "10.8.0.1" "corp.example" ];
    peers = [
      {
        publicKey = "${RELAY}";
        presharedKeyFile = "/etc/wireguard/wg0.psk";
        allowedIPs = [ "10.8.0.0/24" "fd00:8::/64" ];
        endpoint = "[2001:db8::7]:51820";
        persistentKeepalive = 25;
      }
    ];
  };
}
`,
        "/etc/wireguard/wg0.key": `${PRIVATE}\n`,
        "/etc/wireguard/wg0.psk": `${PRESHARED}\n`,
    });
});

it("NixOS with a key of her own is the module alone", () => {
    const { "/etc/nixos/wg0.nix": module, ...others } = files("nixos", bare);
    expect(others).toEqual({});
    expect(module).not.toMatch(/presharedKeyFile|persistentKeepalive|dns/);
});

it("RouterOS: commands for its terminal", () => {
    expect(files("routeros", full)[""]).toBe(`# nas on office (qp-tunnel)
/interface/wireguard/add name="wg0" mtu=1420 private-key="${PRIVATE}" comment="nas on office (qp-tunnel)"
/interface/wireguard/peers/add interface="wg0" public-key="${RELAY}" preshared-key="${PRESHARED}" endpoint-address="2001:db8::7" endpoint-port=51820 allowed-address=10.8.0.0/24,fd00:8::/64 persistent-keepalive=25s
/ip/address/add address=10.8.0.2/32 interface="wg0"
/ipv6/address/add address=fd00:8::2/128 interface="wg0" advertise=no
/ip/route/add dst-address=10.8.0.0/24 gateway="wg0"
/ipv6/route/add dst-address=fd00:8::/64 gateway="wg0"
# For the whole router: /ip/dns/set servers=10.8.0.1
`);
});

it("RouterOS with a key of her own says how to set it", () => {
    const text = files("routeros", bare)[""]!;
    expect(text).toContain('# /interface/wireguard/set "wg0" private-key=...\n');
    expect(text).toContain('endpoint-address="relay.example" endpoint-port=51820 allowed-address=10.8.0.0/24\n');
    expect(text).not.toMatch(/preshared-key|keepalive|ipv6|dns/);
});

/** Every address that a file puts on an interface, as it is written there. */
const ADDRESSES: Record<string, RegExp> = {
    "wg-quick": /^Address = (.*)$/gm,
    networkd: /^Address=(.*)$/gm,
    nixos: /^ *address = \[ (.*) \];$/gm,
    routeros: /^\/ipv?6?\/address\/add address=(\S+)/gm,
};

it.each(Object.keys(CLIENT_FORMATS))(
    "%s: her own addresses alone, each with its prefix length, whatever she reaches",
    (format) => {
        const allowedIps = [...full.allowedIps, "192.168.7.0/24", "2001:db8:7::/64"];
        const text = Object.values(files(format, { ...full, allowedIps })).join("\n");
        const written = [...text.matchAll(ADDRESSES[format]!)].flatMap(([, list]) =>
            list!.replaceAll('"', "").split(/,? /),
        );
        expect(written).toEqual(["10.8.0.2/32", "fd00:8::2/128"]);
        for (const network of allowedIps) expect(text).toContain(network);
    },
);
