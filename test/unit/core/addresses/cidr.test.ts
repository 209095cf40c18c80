import * as fc from "fast-check";
import { bigIntToAddress, contains, overlaps, parseCidr, range } from "../../../../core/addresses/index.js";
import { refusal } from "../refusal.js";

const address4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
const network4 = fc.tuple(address4, fc.integer({ min: 1, max: 32 })).map(([value, prefix]) => {
    const size = 2n ** BigInt(32 - prefix);
    return `${bigIntToAddress(value - (value % size), 4)}/${prefix}`;
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
            'routes[0]: "192.168.7.5/24" is an address inside a network; write "192.168.7.0/24" for the network, or "192.168.7.5/32" for the single address',
        ],
        ["192.168.7.5", 'routes[0]: "192.168.7.5" has no prefix length; write "192.168.7.5/32" for the single address'],
        ["fd12::5", 'routes[0]: "fd12::5" has no prefix length; write "fd12::5/128" for the single address'],
        [
            "192.168.7.0/33",
            'routes[0]: "192.168.7.0/33" is not a network; write one like "192.168.7.0/24" or "fd12:3456:789a::/64"',
        ],
        ["home", 'routes[0]: "home" is not a network; write one like "192.168.7.0/24" or "fd12:3456:789a::/64"'],
        ["::ffff:10.0.0.0/104", 'routes[0]: "::ffff:10.0.0.0/104" is an IPv4-mapped IPv6 address; write "10.0.0.0"'],
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
