import { driftKey, storeDrift } from "../../../../../core/drift.js";
import { renderCaddy } from "../../../../../core/caddy/index.js";
import type { ProxyInputs } from "../../../../../providers/resources/proxy/inputs.js";
import { proxyDrift } from "../../../../../providers/resources/proxy/drift.js";

const service = (port: number) =>
    ({ port, upstream: "127.0.0.1:3000", certificate: "ed25519", keyExchange: "require" }) as const;
const args: ProxyInputs = {
    addresses: ["10.8.0.1", "fd12::1"],
    services: { grafana: service(8443), wiki: service(8444) },
    authorities: {},
    authorityKeys: {},
};
const certificate = (file: string) => ({ file, fingerprint: "", notBefore: "", notAfter: "" });
const certificates = { grafana: certificate("grafana-1"), wiki: certificate("wiki-2") };

/** What Caddy runs with for these services: its own rendering, so that both directions meet here. */
const running = (services: ProxyInputs["services"], listen = args.addresses) =>
    JSON.stringify(
        renderCaddy({
            adminSocket: "/run/qp-tunnel-wg0/admin.sock",
            listen,
            appName: "qp-tunnel",
            services: Object.fromEntries(
                Object.entries(services).map(([name, each]) => [name, { ...each, certificateFile: "", keyFile: "" }]),
            ),
        }),
    );

const LISTENERS = [
    "10.8.0.1:8443 ours",
    "10.8.0.1:8444 ours",
    "[fd12::1]:8443 ours",
    "[fd12::1]:8444 ours",
    "0.0.0.0:22 foreign",
];
const healthy = {
    caddy: running(args.services),
    listeners: `${LISTENERS.join("\n")}\n`,
    "certificate.grafana-1.pem": "…",
    "certificate.wiki-2.pem": "…",
};
const drift = (answer: object) => storeDrift(proxyDrift(args, certificates, { ...healthy, ...answer }));
const listeners = (lines: string[]) => ({ listeners: `${lines.join("\n")}\n` });

describe("the drift of a proxy", () => {
    it("is none on a healthy relay", () => {
        expect(drift({})).toStrictEqual({});
    });

    it("is none without services, whatever else runs there", () => {
        expect(proxyDrift({ ...args, services: {} }, {}, {})).toStrictEqual([]);
    });

    it.each(["", "\n"])("is a proxy that does not answer, and nothing else then (%j)", (caddy) => {
        expect(drift({ caddy, ...listeners([]) })).toStrictEqual({
            proxy: "the proxy is not running: grafana, wiki cannot be reached; `pulumi up --refresh` starts it",
        });
    });

    it("is a configuration without one of the services", () => {
        expect(drift({ caddy: running({ grafana: service(8443) }) })).toStrictEqual({
            "listener 10.8.0.1:8444":
                "Caddy has no server for 10.8.0.1:8444; `pulumi up --refresh` loads its configuration again",
            "listener [fd12::1]:8444":
                "Caddy has no server for [fd12::1]:8444; `pulumi up --refresh` loads its configuration again",
        });
    });

    it("is every listener when nothing is configured", () => {
        expect(Object.keys(drift({ caddy: "null" }))).toEqual([
            "listener 10.8.0.1:8443",
            "listener 10.8.0.1:8444",
            "listener [fd12::1]:8443",
            "listener [fd12::1]:8444",
        ]);
    });

    it("is a server that nobody asked for", () => {
        expect(drift({ caddy: running({ ...args.services, extra: service(9000) }, ["10.8.0.1", "fd12::1"]) })).toEqual({
            "server 10.8.0.1:9000":
                "Caddy serves 10.8.0.1:9000, which belongs to no service; `pulumi up --refresh` loads its configuration again",
            "server [fd12::1]:9000":
                "Caddy serves [fd12::1]:9000, which belongs to no service; `pulumi up --refresh` loads its configuration again",
        });
    });

    it("is a port on which nothing listens", () => {
        expect(drift(listeners(LISTENERS.slice(1)))).toStrictEqual({
            "port 10.8.0.1:8443": "nothing listens on 10.8.0.1:8443; `pulumi up --refresh` starts it",
        });
    });

    it("is a port on which another program listens: that one has to end first", () => {
        expect(drift(listeners(["10.8.0.1:8443 foreign", ...LISTENERS.slice(1)]))).toStrictEqual({
            "port 10.8.0.1:8443": "another program listens on 10.8.0.1:8443; stop it, then apply again",
        });
    });

    it("is a port too many, such as one on every address", () => {
        expect(drift(listeners([...LISTENERS, "*:80 ours"]))).toStrictEqual({
            "port *:80":
                "the proxy listens on *:80, which belongs to no service; `pulumi up --refresh` loads its configuration again",
        });
    });

    it("is a certificate that is gone", () => {
        expect(drift({ "certificate.wiki-2.pem": undefined })).toStrictEqual({
            "certificate wiki":
                "the certificate of wiki is missing on the relay; `pulumi up --refresh` issues a new one",
        });
    });

    it("takes no address for another that ends like it", () => {
        const found = proxyDrift(
            { ...args, addresses: ["0.8.0.1"] },
            {},
            {
                caddy: running(args.services, ["10.8.0.1"]),
                listeners: "0.8.0.1:8443 ours\n0.8.0.1:8444 ours\n",
            },
        );
        expect(found.map(driftKey)).toEqual([
            "listener 0.8.0.1:8443",
            "listener 0.8.0.1:8444",
            "server 10.8.0.1:8443",
            "server 10.8.0.1:8444",
        ]);
    });
});
