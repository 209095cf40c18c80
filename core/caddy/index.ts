import { joinHostPort } from "../addresses/index.js";
import { clientRoutes } from "./clientHeaders.js";
import type { ProxyService } from "../registry/model.js";
import { serviceDomain } from "../names.js";

export { parseUpstream } from "./upstream.js";
export type { Upstream } from "./upstream.js";

/** One service with the files its certificate is in. */
export type CaddyService = ProxyService & {
    /** Absolute path of the PEM certificate. */
    certificateFile: string;
    /** Absolute path of the PEM private key. */
    keyFile: string;
    /** Another certificate, for clients that do not know the first one's kind. */
    second?: { certificateFile: string; keyFile: string };
};

interface CaddyRequest {
    /** Absolute path of the unix socket for administration. */
    adminSocket: string;
    /** Tunnel addresses every service listens on. */
    listen: string[];
    /** By name. */
    services: Record<string, CaddyService>;
    appName: string;
}

/**
 * Caddy's whole configuration (its native JSON) for one relay.
 *
 * One server per service, bound to the tunnel addresses and to nothing else: no port 80, no UDP, no certificate
 * requests to third parties. The firewall decides who can connect, so a change of peers never reloads Caddy.
 */
export function renderCaddy(request: CaddyRequest): object {
    const names = Object.keys(request.services).sort();
    const services = names.map((name) => ({ name, service: request.services[name] as CaddyService }));
    return {
        // Without this block a failed load would move administration to an open TCP port.
        admin: { listen: `unix/${request.adminSocket}|0600`, config: { persist: false } },
        logging: { logs: { default: { writer: { output: "stderr" }, level: "WARN" } } },
        apps: {
            http: {
                servers: Object.fromEntries(
                    services.map(({ name, service }) => [serverName(name), server(name, service, request)]),
                ),
            },
            tls: {
                certificates: {
                    load_files: services.flatMap(({ name, service }) =>
                        [service, ...(service.second === undefined ? [] : [service.second])].map((files) => ({
                            certificate: files.certificateFile,
                            key: files.keyFile,
                            tags: [serverName(name)],
                        })),
                    ),
                },
                // Nothing is obtained or renewed, so there is no certificate store to check and clean.
                disable_ocsp_stapling: true,
                disable_storage_check: true,
                disable_storage_clean: true,
            },
        },
    };
}

/**
 * Which version of this configuration a relay runs. One of an earlier version gets the present one by an update that says
 * what changes; raise it whenever the same services give another configuration.
 */
export const CADDY_VERSION = 2;

/** Exactly the TCP sockets that configuration opens, sorted: "10.8.0.1:8443", "[fd12::1]:8443". */
export function expectedListeners(request: { listen: string[]; services: Record<string, { port: number }> }): string[] {
    const ports = Object.values(request.services).map((service) => service.port);
    return request.listen.flatMap((address) => ports.map((port) => joinHostPort(address, port))).sort();
}

/** How long WebSockets and other upgraded streams outlive a reload; otherwise the first reload cuts them all. */
const STREAM_CLOSE_DELAY = "24h";

const CURVES = { require: ["x25519mlkem768"], prefer: ["x25519mlkem768", "x25519"] } as const;

function serverName(service: string): string {
    return `svc_${service}`;
}

function server(name: string, service: CaddyService, { listen, appName }: CaddyRequest): object {
    return {
        listen: listen.map((address) => joinHostPort(address, service.port)),
        protocols: ["h1", "h2"],
        automatic_https: { disable: true },
        tls_connection_policies: [
            {
                // Every service's certificate bears the same addresses: the tag picks this one's.
                certificate_selection: { any_tag: [serverName(name)] },
                curves: CURVES[service.keyExchange],
                protocol_min: "tls1.3",
                default_sni: serviceDomain(name, appName),
            },
        ],
        routes: [
            ...clientRoutes(),
            {
                handle: [
                    {
                        handler: "reverse_proxy",
                        upstreams: [{ dial: service.upstream }],
                        stream_close_delay: STREAM_CLOSE_DELAY,
                    },
                ],
            },
        ],
    };
}
