import { PRIVATE, PRESHARED, RELAY, full, bare, files } from "./clients.js";

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

it("RouterOS with a key of its own says how to set it", () => {
    const text = files("routeros", bare)[""]!;
    expect(text).toContain('# /interface/wireguard/set "wg0" private-key=...\n');
    expect(text).toContain('endpoint-address="relay.example" endpoint-port=51820 allowed-address=10.8.0.0/24\n');
    expect(text).not.toMatch(/preshared-key|keepalive|ipv6|dns/);
});
