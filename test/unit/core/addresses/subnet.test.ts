import { addressToBigInt, parseSubnet } from "../../../../core/addresses/index.js";
import { refusal } from "../refusal.js";

describe("parseSubnet", () => {
    it("says where everything is", () => {
        expect(parseSubnet("10.8.0.0/24", "subnet")).toEqual({
            cidr: "10.8.0.0/24",
            family: 4,
            prefix: 24,
            network: "10.8.0.0",
            relay: "10.8.0.1",
            firstPeer: addressToBigInt("10.8.0.2"),
            lastPeer: addressToBigInt("10.8.0.254"),
        });
        expect(parseSubnet("fd12:3456::/124", "subnet6")).toEqual({
            cidr: "fd12:3456::/124",
            family: 6,
            prefix: 124,
            network: "fd12:3456::",
            relay: "fd12:3456::1",
            firstPeer: addressToBigInt("fd12:3456::2"),
            lastPeer: addressToBigInt("fd12:3456::f"),
        });
    });

    it("leaves one address in the smallest network", () => {
        const { firstPeer, lastPeer } = parseSubnet("10.8.0.4/30", "subnet");
        expect([firstPeer, lastPeer]).toEqual([addressToBigInt("10.8.0.6"), addressToBigInt("10.8.0.6")]);
    });

    it.each([
        [
            "10.8.0.1/24",
            'subnet: "10.8.0.1/24" is an address inside a network; write "10.8.0.0/24" for the network, or "10.8.0.1/32" for the single address',
        ],
        ["10.8.0.0/31", 'subnet: "10.8.0.0/31" is too small for a tunnel; choose a prefix length from /8 to /30'],
        ["8.0.0.0/7", 'subnet: "8.0.0.0/7" is too large for a tunnel; choose a prefix length from /8 to /30'],
        [
            "127.0.0.0/24",
            'subnet: "127.0.0.0/24" overlaps 127.0.0.0/8 (loopback); choose a private network like "10.8.0.0/24"',
        ],
        [
            "169.0.0.0/8",
            'subnet: "169.0.0.0/8" overlaps 169.254.0.0/16 (link-local); choose a private network like "10.8.0.0/24"',
        ],
        [
            "239.1.0.0/16",
            'subnet: "239.1.0.0/16" overlaps 224.0.0.0/4 (multicast); choose a private network like "10.8.0.0/24"',
        ],
        [
            "2001:db8::/64",
            'subnet: "2001:db8::/64" is not a unique local network; choose one inside fd00::/8 (RFC 4193) like "fd12:3456:789a::/64"',
        ],
        [
            "fc00::/64",
            'subnet: "fc00::/64" is not a unique local network; choose one inside fd00::/8 (RFC 4193) like "fd12:3456:789a::/64"',
        ],
        ["fd12::/126", 'subnet: "fd12::/126" is too small for a tunnel; choose a prefix length from /48 to /124'],
        ["fd12::/32", 'subnet: "fd12::/32" is too large for a tunnel; choose a prefix length from /48 to /124'],
    ])("refuses %s", (text, message) => {
        expect(refusal(() => parseSubnet(text, "subnet"))).toBe(message);
    });

    it("refuses the other family", () => {
        expect(refusal(() => parseSubnet("fd12::/64", "subnet", 4))).toBe(
            'subnet: "fd12::/64" is an IPv6 network; give an IPv4 network like "10.8.0.0/24"',
        );
    });
});
