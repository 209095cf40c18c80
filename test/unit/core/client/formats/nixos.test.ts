import { PRIVATE, PRESHARED, RELAY, full, bare, files } from "./clients.js";

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

it("NixOS with a key of its own is the module alone", () => {
    const { "/etc/nixos/wg0.nix": module, ...others } = files("nixos", bare);
    expect(others).toEqual({});
    expect(module).not.toMatch(/presharedKeyFile|persistentKeepalive|dns/);
});
