import * as fc from "fast-check";
import { addressToBigInt, bigIntToAddress, joinHostPort, parseAddress } from "../../../../core/addresses/index.js";
import { refusal } from "../refusal.js";

const address4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
const address6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

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
            'address: "10.8.0.7/32" is a network, not a single address; write it without the prefix length: "10.8.0.7"',
        ],
        ["fe80::1%eth0", 'address: "fe80::1%eth0" has a zone; write it without "%eth0"'],
        ["::ffff:10.8.0.7", 'address: "::ffff:10.8.0.7" is an IPv4-mapped IPv6 address; write "10.8.0.7"'],
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

it("puts an IPv6 host in brackets", () => {
    expect(joinHostPort("10.8.0.1", 8443)).toBe("10.8.0.1:8443");
    expect(joinHostPort("fd12::1", 8443)).toBe("[fd12::1]:8443");
});
