import * as fc from "fast-check";
import { parseEndpoint, parseExpires, parsePorts } from "../../../../core/arguments/index.js";
import { refusal } from "../refusal.js";

describe("parsePorts", () => {
    it.each([
        ["tcp/22", { protocol: "tcp", first: 22, last: 22 }],
        ["tcp/8000-8100", { protocol: "tcp", first: 8000, last: 8100 }],
        ["udp/1-65535", { protocol: "udp", first: 1, last: 65535 }],
        ["icmp", { protocol: "icmp" }],
        ["all", { protocol: "all" }],
    ])("reads %s", (text, ports) => {
        expect(parsePorts(text, "ports[0]")).toEqual(ports);
    });

    const forms = 'write "tcp/22", "tcp/8000-8100", "udp/53", "icmp" or "all"';
    it.each([
        ["22", 'ports[0]: "22" is not a port, a range or a protocol; add the protocol: "tcp/22" or "udp/22"'],
        [
            "80-90",
            'ports[0]: "80-90" is not a port, a range or a protocol; add the protocol: "tcp/80-90" or "udp/80-90"',
        ],
        ["TCP", 'ports[0]: "TCP" is not a port, a range or a protocol; add the ports: "tcp/1-65535" for all of them'],
        ["TCP/22", `ports[0]: "TCP/22" is not a port, a range or a protocol; ${forms}`],
        ["sctp/22", `ports[0]: "sctp/22" is not a port, a range or a protocol; ${forms}`],
        ["tcp/ssh", `ports[0]: "tcp/ssh" is not a port, a range or a protocol; ${forms}`],
        ["icmp/8", `ports[0]: "icmp/8" is not a port, a range or a protocol; ${forms}`],
        ["tcp/22 ", `ports[0]: "tcp/22 " is not a port, a range or a protocol; ${forms}`],
        ["", `ports[0]: "" is not a port, a range or a protocol; ${forms}`],
        ["tcp/0", 'ports[0]: "0" in "tcp/0" is not a port; choose one from 1 to 65535'],
        ["tcp/65536", 'ports[0]: "65536" in "tcp/65536" is not a port; choose one from 1 to 65535'],
        ["tcp/022", 'ports[0]: "022" in "tcp/022" is not a port; choose one from 1 to 65535'],
        ["tcp/90-80", 'ports[0]: "tcp/90-80" has its ends in the wrong order; write "tcp/80-90"'],
    ])("refuses %j", (text, message) => {
        expect(refusal(() => parsePorts(text, "ports[0]"))).toBe(message);
    });
});

describe("parseExpires", () => {
    it.each([
        ["2027-01-31T18:00:00Z", "2027-01-31T18:00:00Z"],
        ["2027-01-31T18:00:00+01:00", "2027-01-31T17:00:00Z"],
        ["2027-01-01T00:30:00+02:00", "2026-12-31T22:30:00Z"],
        ["2027-01-31t18:00:00.999z", "2027-01-31T18:00:00Z"],
        ["2028-02-29T23:59:59-00:00", "2028-02-29T23:59:59Z"],
    ])("%s is %s", (text, moment) => {
        expect(parseExpires(text, "expires")).toBe(moment);
    });

    const form = "is not an RFC 3339 date and time with an offset";
    const nowhere = "does not exist in the calendar; use a valid date and time";
    it.each([
        ["2027-01-31", `expires: "2027-01-31" ${form}; add time and offset: "2027-01-31T00:00:00Z"`],
        ["2027-01-31T18:00:00", `expires: "2027-01-31T18:00:00" ${form}; write one like "2027-01-31T18:00:00Z"`],
        ["2027-01-31 18:00:00Z", `expires: "2027-01-31 18:00:00Z" ${form}; write one like "2027-01-31T18:00:00Z"`],
        ["tomorrow", `expires: "tomorrow" ${form}; write one like "2027-01-31T18:00:00Z"`],
        ["2027-02-29T00:00:00Z", `expires: "2027-02-29T00:00:00Z" ${nowhere}`],
        ["2027-02-30T00:00:00+01:00", `expires: "2027-02-30T00:00:00+01:00" ${nowhere}`],
        ["2027-13-01T00:00:00Z", `expires: "2027-13-01T00:00:00Z" ${nowhere}`],
        ["2027-01-01T24:00:00Z", `expires: "2027-01-01T24:00:00Z" ${nowhere}`],
        ["2027-01-01T23:59:60Z", `expires: "2027-01-01T23:59:60Z" ${nowhere}`],
        ["2027-01-01T00:00:00+25:00", `expires: "2027-01-01T00:00:00+25:00" ${nowhere}`],
    ])("refuses %s", (text, message) => {
        expect(refusal(() => parseExpires(text, "expires"))).toBe(message);
    });

    it("keeps the moment, and reads back what it returns", () => {
        const dates = fc.date({ min: new Date("1971-01-01"), max: new Date("2999-01-01"), noInvalidDate: true });
        fc.assert(
            fc.property(dates, (date) => {
                const whole = `${date.toISOString().slice(0, 19)}Z`;
                expect(parseExpires(date.toISOString(), "expires")).toBe(whole);
                expect(parseExpires(whole, "expires")).toBe(whole);
            }),
        );
    });
});

describe("parseEndpoint", () => {
    it.each([
        ["203.0.113.7", { host: "203.0.113.7" }],
        ["203.0.113.7:51820", { host: "203.0.113.7", port: 51820 }],
        ["VPN.example.com:443", { host: "vpn.example.com", port: 443 }],
        ["2001:DB8::1", { host: "2001:db8::1" }],
        ["[2001:db8::1]", { host: "2001:db8::1" }],
        ["[2001:db8::1]:51820", { host: "2001:db8::1", port: 51820 }],
    ])("reads %s", (text, endpoint) => {
        expect(parseEndpoint(text, "endpoint")).toEqual(endpoint);
    });

    it.each([
        ["", 'endpoint: "" is not host or host:port; write one like "vpn.example.com:51820"'],
        ["host:", 'endpoint: "host:" is not host or host:port; write one like "vpn.example.com:51820"'],
        ["host:0", 'endpoint: "0" in "host:0" is not a port; choose one from 1 to 65535'],
        ["host:http", 'endpoint: "host:http" is not host or host:port; write one like "vpn.example.com:51820"'],
        ["a b", 'endpoint: "a b" is not a host name; write one like "vpn.example.com"'],
        ["host\nPostUp = x", 'endpoint: "host\nPostUp = x" is not a host name; write one like "vpn.example.com"'],
        ["256.0.0.1", 'endpoint: "256.0.0.1" is not an IP address; write one like "10.8.0.7"'],
        ["2001:db8::g", 'endpoint: "2001:db8::g" is not an IP address; write one like "fd12:3456:789a::7"'],
    ])("refuses %j", (text, message) => {
        expect(refusal(() => parseEndpoint(text, "endpoint"))).toBe(message);
    });
});
