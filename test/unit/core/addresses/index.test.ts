import * as fc from "fast-check";
import {
    addressToBigInt,
    bigIntToAddress,
    contains,
    joinHostPort,
    overlaps,
    parseAddress,
    parseCidr,
    parseRoute,
    parseSubnet,
    range,
} from "../../../../core/addresses/index.js";
import { refusal } from "../refusal.js";

const address4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
const address6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
const network4 = fc.tuple(address4, fc.integer({ min: 1, max: 32 })).map(([value, prefix]) => {
    const size = 2n ** BigInt(32 - prefix);
    return `${bigIntToAddress(value - (value % size), 4)}/${prefix}`;
});

describe("parseAddress", () => {
    it.each([
        ["10.8.0.7", "10.8.0.7"],
        ["FD12:0:0::7", "fd12::7"],
        ["fd00:0:0:1:0:0:0:1", "fd00:0:0:1::1"],
    ])("%s becomes %s", (text, canonical) => {
        expect(parseAddress(text, "address")).toBe(canonical);
    });

    it.each([
        ["10.8.0", 'address: "10.8.0" is not an IP address; write one like "10.8.0.7" or "fd12:3456:789a::7"'],
        ["010.8.0.1", 'address: "010.8.0.1" is not an IP address; write one like "10.8.0.7" or "fd12:3456:789a::7"'],
        [" 10.8.0.1", 'address: " 10.8.0.1" is not an IP address; write one like "10.8.0.7" or "fd12:3456:789a::7"'],
        ["", 'address: "" is not an IP address; write one like "10.8.0.7" or "fd12:3456:789a::7"'],
        [
            "10.8.0.7/32",
            'address: "10.8.0.7/32" is a network, not one address; write it without the prefix length: "10.8.0.7"',
        ],
        ["fe80::1%eth0", 'address: "fe80::1%eth0" has a zone; write it without "%eth0"'],
        ["::ffff:10.8.0.7", 'address: "::ffff:10.8.0.7" is an IPv4 address in IPv6 clothing; write "10.8.0.7"'],
    ])("refuses %s", (text, message) => {
        expect(refusal(() => parseAddress(text, "address"))).toBe(message);
    });

    it("refuses the other family", () => {
        expect(refusal(() => parseAddress("fd12::7", "address", 4))).toBe(
            'address: "fd12::7" is an IPv6 address; give an IPv4 address',
        );
        expect(refusal(() => parseAddress("7", "address", 6))).toBe(
            'address: "7" is not an IP address; write one like "fd12:3456:789a::7"',
        );
    });

    it("is the inverse of printing, in both families", () => {
        fc.assert(
            fc.property(address4, (value) => addressToBigInt(parseAddress(bigIntToAddress(value, 4), "")) === value),
        );
        fc.assert(
            fc.property(address6, (value) => {
                fc.pre(value >> 32n !== 0xffffn);
                return addressToBigInt(parseAddress(bigIntToAddress(value, 6), "")) === value;
            }),
        );
    });
});

describe("parseCidr", () => {
    it.each([
        ["192.168.7.0/24", "192.168.7.0/24"],
        ["FD12:0::/64", "fd12::/64"],
        ["0.0.0.0/0", "0.0.0.0/0"],
    ])("%s becomes %s", (text, canonical) => {
        expect(parseCidr(text, "routes[0]")).toBe(canonical);
    });

    it.each([
        [
            "192.168.7.5/24",
            'routes[0]: "192.168.7.5/24" is an address inside a network; write "192.168.7.0/24" for the network, or "192.168.7.5/32" for the one address',
        ],
        ["192.168.7.5", 'routes[0]: "192.168.7.5" has no prefix length; write "192.168.7.5/32" for the one address'],
        ["fd12::5", 'routes[0]: "fd12::5" has no prefix length; write "fd12::5/128" for the one address'],
        [
            "192.168.7.0/33",
            'routes[0]: "192.168.7.0/33" is not a network; write one like "192.168.7.0/24" or "fd12:3456:789a::/64"',
        ],
        ["home", 'routes[0]: "home" is not a network; write one like "192.168.7.0/24" or "fd12:3456:789a::/64"'],
        [
            "::ffff:10.0.0.0/104",
            'routes[0]: "::ffff:10.0.0.0/104" is an IPv4 address in IPv6 clothing; write "10.0.0.0"',
        ],
    ])("refuses %s", (text, message) => {
        expect(refusal(() => parseCidr(text, "routes[0]"))).toBe(message);
    });
});

describe("contains and overlaps", () => {
    it("know where a network ends", () => {
        expect(contains("10.8.0.0/24", "10.8.0.255")).toBe(true);
        expect(contains("10.8.0.0/24", "10.8.1.0")).toBe(false);
        expect(contains("10.8.0.0/24", "10.8.0.128/25")).toBe(true);
        expect(contains("10.8.0.128/25", "10.8.0.0/24")).toBe(false);
        expect(overlaps("10.8.0.128/25", "10.8.0.0/24")).toBe(true);
        expect(overlaps("10.8.0.0/25", "10.8.0.128/25")).toBe(false);
    });

    it("never mix the families", () => {
        expect(contains("::/0", "10.8.0.1")).toBe(false);
        expect(overlaps("::/0", "0.0.0.0/0")).toBe(false);
    });

    it("agree with the obvious definition", () => {
        fc.assert(
            fc.property(network4, network4, (a, b) => {
                const [first, second] = [range(a), range(b)];
                const common = [first.first, first.last].some((end) => contains(b, bigIntToAddress(end, 4)));
                expect(overlaps(a, b)).toBe(common || contains(a, b));
                expect(overlaps(b, a)).toBe(overlaps(a, b));
                expect(contains(a, b) && contains(b, a)).toBe(a === b);
                expect(second.last - second.first + 1n).toBe(2n ** BigInt(32 - Number(b.split("/")[1])));
            }),
        );
    });
});

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
            'subnet: "10.8.0.1/24" is an address inside a network; write "10.8.0.0/24" for the network, or "10.8.0.1/32" for the one address',
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

describe("parseRoute", () => {
    const context = { subnet: "10.8.0.0/24", subnet6: "fd12::/64" };

    it.each(["192.168.7.0/24", "192.168.7.9/32", "10.0.0.0/13", "10.8.1.0/24", "fd13::/48", "2001:db8::/32"])(
        "takes %s",
        (route) => {
            expect(parseRoute(route, "routes[0]", context)).toBe(route);
        },
    );

    it.each([
        ["0.0.0.0/0", 'routes[0]: "0.0.0.0/0" is a default route; name the networks that are really behind it'],
        ["::/0", 'routes[0]: "::/0" is a default route; name the networks that are really behind it'],
        [
            "10.0.0.0/8",
            'routes[0]: "10.0.0.0/8" overlaps the tunnel\'s own 10.8.0.0/24; choose another network, or another subnet for the tunnel',
        ],
        [
            "fd12::8/128",
            'routes[0]: "fd12::8/128" overlaps the tunnel\'s own fd12::/64; choose another network, or another subnet for the tunnel',
        ],
    ])("refuses %s", (route, message) => {
        expect(refusal(() => parseRoute(route, "routes[0]", context))).toBe(message);
    });

    it.each([
        ["169.254.169.254/32", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["168.0.0.0/7", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["127.0.0.1/32", "127.0.0.0/8 (loopback)"],
        // The two halves of a default route are one, too.
        ["0.0.0.0/1", '0.0.0.0/8 ("this network")'],
        ["128.0.0.0/1", "169.254.0.0/16 (link-local, with the cloud's metadata address)"],
        ["224.0.0.251/32", "224.0.0.0/4 (multicast)"],
        ["fe80::/64", "fe80::/10 (link-local)"],
        ["ff02::1/128", "ff00::/8 (multicast)"],
        ["::1/128", "::/127 (unspecified and loopback)"],
        ["fd00:ec2::254/128", "fd00:ec2::254/128 (the cloud's metadata address)"],
    ])("refuses %s, for it overlaps %s", (route, network) => {
        expect(refusal(() => parseRoute(route, "routes[0]", context))).toBe(
            `routes[0]: "${route}" overlaps ${network}; name only networks that can be routed`,
        );
    });

    it("refuses IPv6 on a relay without it", () => {
        expect(refusal(() => parseRoute("fd13::/48", "routes[0]", { subnet: "10.8.0.0/24" }))).toBe(
            'routes[0]: "fd13::/48" is IPv6, and the relay has no subnet6; give the relay a subnet6, or leave the route out',
        );
    });
});

it("puts an IPv6 host in brackets", () => {
    expect(joinHostPort("10.8.0.1", 8443)).toBe("10.8.0.1:8443");
    expect(joinHostPort("fd12::1", 8443)).toBe("[fd12::1]:8443");
});
