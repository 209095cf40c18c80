import * as fc from "fast-check";
import { parseUpstream } from "../../../../core/caddy/index.js";
import { refusal } from "../refusal.js";

describe("parseUpstream", () => {
    it.each([
        ["127.0.0.1:3000", { host: "127.0.0.1", port: 3000 }],
        ["[::1]:3000", { host: "::1", port: 3000 }],
        ["192.168.7.9:1", { host: "192.168.7.9", port: 1 }],
        ["[FD12:0::7]:65535", { host: "fd12::7", port: 65535 }],
        ["Grafana.LAN:3000", { host: "grafana.lan", port: 3000 }],
        ["my_app:80", { host: "my_app", port: 80 }],
        ["3com.example.:80", { host: "3com.example.", port: 80 }],
    ])("reads %s", (text, upstream) => {
        expect(parseUpstream(text, "upstream")).toEqual(upstream);
    });

    const elsewhere = "use the host that the service really runs on";
    it.each([
        ["127.0.0.1", 'upstream: "127.0.0.1" is not host:port; write one like "127.0.0.1:3000"'],
        [
            "http://a/x",
            'upstream: "http://a/x" is a URL, but the proxy needs host:port and connects with plain HTTP; use only host and port: "a:80"',
        ],
        [
            "HTTP://[fd12::1]:8080",
            'upstream: "HTTP://[fd12::1]:8080" is a URL, but the proxy needs host:port and connects with plain HTTP; use only host and port: "[fd12::1]:8080"',
        ],
        [
            "https://grafana.lan:3000/",
            'upstream: "https://grafana.lan:3000/" is a URL, but the proxy needs host:port and connects with plain HTTP; give host:port of a plain HTTP port; if there is none, remove the service and grant its port to peers, so that TLS ends there',
        ],
        ["fd12::7:80", 'upstream: "fd12::7:80" is not host:port; put an IPv6 address in brackets: "[fd12::1]:3000"'],
        [":80", 'upstream: ":80" is not host:port; write one like "127.0.0.1:3000"'],
        ["a:0", 'upstream: "0" is not a port; choose one from 1 to 65535'],
        ["a:65536", 'upstream: "65536" is not a port; choose one from 1 to 65535'],
        ["a:080", 'upstream: "080" is not a port; choose one from 1 to 65535'],
        ["a b:80", 'upstream: "a b" is not a host name; write one like "grafana.lan:3000"'],
        ["-a:80", 'upstream: "-a" is not a host name; write one like "grafana.lan:3000"'],
        ["a..b:80", 'upstream: "a..b" is not a host name; write one like "grafana.lan:3000"'],
        ["[10.0.0.1]:80", 'upstream: "10.0.0.1" is an IPv4 address; give an IPv6 address'],
        ["10.0.1:80", 'upstream: "10.0.1" is not an IP address; write one like "10.8.0.7"'],
    ])("refuses %s", (text, message) => {
        expect(refusal(() => parseUpstream(text, "upstream"))).toBe(message);
    });

    it.each([
        [
            "169.254.169.254:80",
            `"169.254.169.254" is in 169.254.0.0/16 (link-local, with the cloud's metadata address); ${elsewhere}`,
        ],
        [
            "169.254.1.1:80",
            `"169.254.1.1" is in 169.254.0.0/16 (link-local, with the cloud's metadata address); ${elsewhere}`,
        ],
        ["[fe80::1]:80", `"fe80::1" is in fe80::/10 (link-local); ${elsewhere}`],
        ["[fd00:ec2::254]:80", `"fd00:ec2::254" is a cloud's metadata address; ${elsewhere}`],
        ["[fd00:0ec2:0::0254]:80", `"fd00:ec2::254" is a cloud's metadata address; ${elsewhere}`],
        ["168.63.129.16:80", `"168.63.129.16" is a cloud's metadata address; ${elsewhere}`],
        ["0.0.0.0:80", `"0.0.0.0" is in 0.0.0.0/8 ("this network"); ${elsewhere}`],
        ["[::]:80", `"::" is in ::/127 (unspecified and loopback); ${elsewhere}`],
        ["224.0.0.1:80", `"224.0.0.1" is in 224.0.0.0/4 (multicast); ${elsewhere}`],
        ["[ff02::1]:80", `"ff02::1" is in ff00::/8 (multicast); ${elsewhere}`],
        ["255.255.255.255:80", `"255.255.255.255" is in 240.0.0.0/4 (reserved); ${elsewhere}`],
        ["metadata.google.internal:80", `"metadata.google.internal" is a cloud's metadata service; ${elsewhere}`],
        ["Metadata.Google.Internal.:80", `"metadata.google.internal." is a cloud's metadata service; ${elsewhere}`],
        // The same address in notations that some resolvers understand.
        [
            "[::ffff:169.254.169.254]:80",
            '"::ffff:169.254.169.254" is an IPv4-mapped IPv6 address; write "169.254.169.254"',
        ],
        ["[64:ff9b::a9fe:a9fe]:80", '"64:ff9b::a9fe:a9fe" is an IPv4-mapped IPv6 address; write the IPv4 address'],
        ["2852039166:80", '"2852039166" is not an IP address; write one like "10.8.0.7"'],
        ["0xa9fea9fe:80", '"0xa9fea9fe" ends in a number; write an IPv4 address as four decimal numbers'],
        ["0xa9.0xfe.43518:80", '"0xa9.0xfe.43518" ends in a number; write an IPv4 address as four decimal numbers'],
        ["169.254.0xa9fe:80", '"169.254.0xa9fe" ends in a number; write an IPv4 address as four decimal numbers'],
    ])("refuses %s", (text, reason) => {
        expect(refusal(() => parseUpstream(text, "upstream"))).toBe(`upstream: ${reason}`);
    });

    it("takes no address of the link-local network in whatever notation", () => {
        const part = fc.integer({ min: 0, max: 255 });
        const write = fc.constantFrom(
            (a: number, b: number) => `169.254.${a}.${b}`,
            (a: number, b: number) => `[::ffff:169.254.${a}.${b}]`,
            (a: number, b: number) => `169.254.${a * 256 + b}`,
            (a: number, b: number) => String(((169 * 256 + 254) * 256 + a) * 256 + b),
            (a: number, b: number) => `0x${(((169 * 256 + 254) * 256 + a) * 256 + b).toString(16)}`,
            (a: number, b: number) => `0251.0376.0${a.toString(8)}.0${b.toString(8)}`,
        );
        fc.assert(
            fc.property(write, part, part, (spelled, a, b) => {
                expect(refusal(() => parseUpstream(`${spelled(a, b)}:80`, "upstream"))).toMatch(/^upstream: /);
            }),
        );
    });
});
