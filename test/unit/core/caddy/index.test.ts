import * as fc from "fast-check";
import { type CaddyService, expectedListeners, parseUpstream, renderCaddy } from "../../../../core/caddy/index.js";
import { clientRoutes } from "../../../../core/caddy/clientHeaders.js";
import { refusal } from "../refusal.js";

const service = (port: number, more: Partial<CaddyService> = {}): CaddyService => ({
    port,
    upstream: "127.0.0.1:3000",
    certificate: "ed25519",
    keyExchange: "require",
    certificateFile: `/etc/qp-tunnel-wg0/certificates/${port}.crt`,
    keyFile: `/etc/qp-tunnel-wg0/certificates/${port}.key`,
    ...more,
});

describe("renderCaddy", () => {
    const request = {
        adminSocket: "/run/qp-tunnel-wg0/caddy.sock",
        listen: ["10.8.0.1", "fd12::1"],
        appName: "qp-tunnel",
        services: {
            wiki: service(8444, { upstream: "[fd12::7]:80", keyExchange: "prefer", certificate: "ecdsa-p256" }),
            Grafana: service(8443, { upstream: "10.8.0.4:3000" }),
        },
    };

    it("is exactly this", () => {
        expect(renderCaddy(request)).toEqual({
            admin: { listen: "unix//run/qp-tunnel-wg0/caddy.sock|0600", config: { persist: false } },
            logging: { logs: { default: { writer: { output: "stderr" }, level: "WARN" } } },
            apps: {
                http: {
                    servers: {
                        svc_Grafana: {
                            listen: ["10.8.0.1:8443", "[fd12::1]:8443"],
                            protocols: ["h1", "h2"],
                            automatic_https: { disable: true },
                            tls_connection_policies: [
                                {
                                    certificate_selection: { any_tag: ["svc_Grafana"] },
                                    curves: ["x25519mlkem768"],
                                    protocol_min: "tls1.3",
                                    default_sni: "grafana.qp-tunnel.internal",
                                },
                            ],
                            routes: [
                                ...clientRoutes(),
                                {
                                    handle: [
                                        {
                                            handler: "reverse_proxy",
                                            upstreams: [{ dial: "10.8.0.4:3000" }],
                                            stream_close_delay: "24h",
                                        },
                                    ],
                                },
                            ],
                        },
                        svc_wiki: {
                            listen: ["10.8.0.1:8444", "[fd12::1]:8444"],
                            protocols: ["h1", "h2"],
                            automatic_https: { disable: true },
                            tls_connection_policies: [
                                {
                                    certificate_selection: { any_tag: ["svc_wiki"] },
                                    curves: ["x25519mlkem768", "x25519"],
                                    protocol_min: "tls1.3",
                                    default_sni: "wiki.qp-tunnel.internal",
                                },
                            ],
                            routes: [
                                ...clientRoutes(),
                                {
                                    handle: [
                                        {
                                            handler: "reverse_proxy",
                                            upstreams: [{ dial: "[fd12::7]:80" }],
                                            stream_close_delay: "24h",
                                        },
                                    ],
                                },
                            ],
                        },
                    },
                },
                tls: {
                    certificates: {
                        load_files: [
                            {
                                certificate: "/etc/qp-tunnel-wg0/certificates/8443.crt",
                                key: "/etc/qp-tunnel-wg0/certificates/8443.key",
                                tags: ["svc_Grafana"],
                            },
                            {
                                certificate: "/etc/qp-tunnel-wg0/certificates/8444.crt",
                                key: "/etc/qp-tunnel-wg0/certificates/8444.key",
                                tags: ["svc_wiki"],
                            },
                        ],
                    },
                    disable_ocsp_stapling: true,
                    disable_storage_check: true,
                    disable_storage_clean: true,
                },
            },
        });
    });

    it("loads both certificates of a service that has two, the one for everybody first", () => {
        const second = { certificateFile: "/second.pem", keyFile: "/second.key" };
        const { apps } = renderCaddy({ ...request, services: { wiki: { ...request.services.wiki, second } } }) as {
            apps: { tls: { certificates: { load_files: object[] } } };
        };
        const { certificateFile, keyFile } = request.services.wiki;
        expect(apps.tls.certificates.load_files).toEqual([
            { certificate: certificateFile, key: keyFile, tags: ["svc_wiki"] },
            { certificate: "/second.pem", key: "/second.key", tags: ["svc_wiki"] },
        ]);
    });

    it("has the same bytes whatever the order of declaration", () => {
        const { wiki, Grafana } = request.services;
        const turned = renderCaddy({ ...request, services: { Grafana, wiki } });
        expect(JSON.stringify(turned)).toBe(JSON.stringify(renderCaddy(request)));
    });

    it("opens the listeners it says, and no others", () => {
        expect(expectedListeners(request)).toEqual([
            "10.8.0.1:8443",
            "10.8.0.1:8444",
            "[fd12::1]:8443",
            "[fd12::1]:8444",
        ]);
        const { servers } = (
            renderCaddy(request) as { apps: { http: { servers: Record<string, { listen: string[] }> } } }
        ).apps.http;
        expect(
            Object.values(servers)
                .flatMap(({ listen }) => listen)
                .sort(),
        ).toEqual(expectedListeners(request));
    });

    it("without services is a proxy that only has an administration socket", () => {
        const empty = { ...request, services: {} };
        expect(expectedListeners(empty)).toEqual([]);
        expect(renderCaddy(empty)).toMatchObject({
            admin: { listen: "unix//run/qp-tunnel-wg0/caddy.sock|0600" },
            apps: { http: { servers: {} }, tls: { certificates: { load_files: [] } } },
        });
    });
});

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

    const elsewhere = "choose the host the service really runs on";
    it.each([
        ["127.0.0.1", 'upstream: "127.0.0.1" is not host:port; write one like "127.0.0.1:3000"'],
        [
            "http://a/x",
            'upstream: "http://a/x" is a URL, and the proxy speaks plain HTTP to host:port; write host and port alone: "a:80"',
        ],
        [
            "HTTP://[fd12::1]:8080",
            'upstream: "HTTP://[fd12::1]:8080" is a URL, and the proxy speaks plain HTTP to host:port; write host and port alone: "[fd12::1]:8080"',
        ],
        [
            "https://grafana.lan:3000/",
            'upstream: "https://grafana.lan:3000/" is a URL, and the proxy speaks plain HTTP to host:port; give host:port of a port that speaks plain HTTP; where there is none, leave the service out and grant its port to peers: TLS then ends there',
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
            '"::ffff:169.254.169.254" is an IPv4 address in IPv6 clothing; write "169.254.169.254"',
        ],
        ["[64:ff9b::a9fe:a9fe]:80", '"64:ff9b::a9fe:a9fe" is an IPv4 address in IPv6 clothing; write the IPv4 address'],
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
