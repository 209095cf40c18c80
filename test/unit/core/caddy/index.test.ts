import { type CaddyService, expectedListeners, renderCaddy } from "../../../../core/caddy/index.js";
import { clientRoutes } from "../../../../core/caddy/clientHeaders.js";

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
