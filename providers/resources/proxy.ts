import { webcrypto } from "node:crypto";

import { renderCaddy } from "../../core/caddy.js";
import type { ProxyService } from "../../core/model.js";
import { serviceDomain } from "../../core/names.js";
import { describeHost } from "../hosts/descriptors.js";
import { relayValues } from "../hosts/host.js";
import { provideCaddy } from "../hosts/caddyBinary.js";
import { probeServices } from "../hosts/probe.js";
import { changesOf, same } from "./changes.js";
import { placed, targetOf } from "./placed.js";
import { proxyDrift } from "./proxyDrift.js";
import { certificatesOf, proxySentences, proxyWarnings, renewal, renewals } from "./proxyWords.js";
import { relayResource, type Change, type RelayResourceParts } from "./relayResource.js";
import { UNKNOWN, type Properties } from "./resource.js";
import { count } from "./words.js";
import { MACHINE_INPUT, relaySchema } from "./schemas.js";

export interface ProxyInputs {
    addresses: string[];
    services: Record<string, ProxyService>;
    /** By algorithm: the authorities in use. */
    authorities: Record<string, string>;
    authorityKeys: Record<string, string>;
}

/** A leaf certificate as the state knows it; its key is on the host alone. */
export interface CertificateRecord {
    file: string;
    fingerprint: string;
    notBefore: string;
    notAfter: string;
}

/** One Caddy for all services of a relay, bound to its tunnel addresses, and their certificates. */
export const proxyParts: RelayResourceParts = {
    type: "Proxy",
    description:
        "The TLS proxy of a relay: services on tunnel addresses only, with their certificates and what was negotiated.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            addresses: { type: "array", description: "Tunnel addresses to listen on." },
            services: { type: "object", description: "Services by name: port, upstream, certificate, key exchange." },
            authorities: { type: "object", description: "CA certificates by algorithm, PEM." },
            authorityKeys: { type: "object", description: "CA private keys by algorithm, PEM.", secret: true },
        },
        {
            served: {
                type: "object",
                description: "The service registry: url, upstream, negotiated group and cipher.",
            },
            certificates: { type: "object", description: "Leaf certificates by service: file, fingerprint, validity." },
        },
    ),
    step: "proxy",
    compared: ["machine", "addresses", "services", "authorities"],

    adjust: (change, changes) => ({ ...changes, ...renewals(change) }),
    sentences: (change) => proxySentences(change),
    warnings: (change) => proxyWarnings(change),

    begin: (change) => ({
        action: "services_apply",
        message: `Apply the services of relay ${placed(change.inputs).relay}`,
        details: {
            relay: placed(change.inputs).relay,
            services: Object.keys(change.inputs.services ?? {}),
        },
    }),

    async desired(change) {
        const { inputs, context } = change;
        const { services } = inputs as unknown as ProxyInputs;
        if (Object.keys(services).length > 0) await provideCaddy(targetOf(inputs, context));
        const { certificates, files } = await issue(change);
        return { files: { ...renderProxy(change, certificates), ...files }, keep: { certificates } };
    },

    async outputs({ inputs, context }, answer, keep) {
        const args = inputs as unknown as ProxyInputs;
        const target = targetOf(inputs, context);
        const problems = Object.values(
            proxyDrift(args, keep.certificates as Record<string, CertificateRecord>, answer),
        );
        const probes = problems.length > 0 ? {} : await probeServices(target, args, placed(inputs).appName);
        const services: Record<string, Properties> = {};
        for (const [name, service] of Object.entries(args.services)) {
            const probe = probes[name];
            services[name] = {
                url: `https://${serviceDomain(name, placed(inputs).appName)}:${service.port}`,
                addressUrl: `https://${args.addresses[0]}:${service.port}`,
                upstream: service.upstream,
                group: probe?.group ?? "none",
                cipher: probe?.cipher ?? "none",
            };
            if (probe?.problem !== undefined)
                problems.push(`service ${name} on ${describeHost(target.host)}: ${probe.problem}`);
        }
        return { outputs: { served: services, certificates: keep.certificates }, problems };
    },

    previewOutputs({ inputs, before }) {
        const unchanged =
            before !== undefined &&
            same(before.inputs.services, inputs.services) &&
            same(before.inputs.addresses, inputs.addresses);
        return unchanged ? before.outputs : { served: UNKNOWN, certificates: UNKNOWN };
    },

    outcomes({ inputs, before }, outputs) {
        const { relay } = placed(inputs);
        const now = inputs.services as Record<string, ProxyService>;
        const then = (before?.inputs.services ?? {}) as Record<string, ProxyService>;
        const certificates = outputs.certificates as Record<string, CertificateRecord>;
        const served = outputs.served as Record<string, Properties>;
        const opened = Object.keys(now).filter(
            (name) => !same(now[name], then[name]) || !same(certificates[name], certificatesOf(before?.outputs)[name]),
        );
        const closed = Object.keys(then).filter((name) => now[name] === undefined);
        return [
            ...opened.sort().map((name) => ({
                action: "service_open",
                message: `Opened ${name} at ${String(served[name]?.url)}`,
                details: {
                    relay,
                    name,
                    upstream: now[name]?.upstream,
                    port: now[name]?.port,
                    listen_ip: (inputs.addresses as string[])[0],
                    tls_fingerprint: `SHA256:${certificates[name]?.fingerprint}`,
                    group: served[name]?.group,
                    cipher: served[name]?.cipher,
                },
            })),
            ...closed.sort().map((name) => ({
                action: "service_close",
                message: `Closed ${name} (port ${then[name]?.port})`,
                details: { relay, name, port: then[name]?.port },
            })),
            {
                action: "services_apply",
                message: `Relay ${relay} serves ${count(Object.keys(now).length, "service")}`,
                details: { relay, services: Object.keys(now) },
            },
        ];
    },

    drift: (inputs, outputs, answer) => proxyDrift(inputs as unknown as ProxyInputs, certificatesOf(outputs), answer),

    ending(inputs) {
        const { relay } = placed(inputs);
        const services = (inputs.services ?? {}) as Record<string, ProxyService>;
        return [
            {
                action: "services_remove",
                message: `Removed the proxy of relay ${relay}`,
                details: { relay, services: Object.keys(services) },
            },
            ...Object.entries(services).map(([name, { port }]) => ({
                action: "service_close",
                message: `Closed ${name} (port ${port})`,
                details: { relay, name, port },
            })),
        ];
    },
};

export const proxy = relayResource(proxyParts);

/** Caddy's configuration, and the relay's own record of what it serves. */
export function renderProxy(
    { inputs, context }: Change,
    certificates: Record<string, Pick<CertificateRecord, "file">>,
): Record<string, string> {
    const { addresses, services } = inputs as unknown as ProxyInputs;
    const { etc = "", run = "" } = relayValues(targetOf(inputs, context));
    const caddy = renderCaddy({
        adminSocket: `${run}/admin.sock`,
        listen: addresses,
        appName: placed(inputs).appName,
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => {
                const file = `${etc}/certs/${certificates[name]?.file}`;
                return [name, { ...service, certificateFile: `${file}.pem`, keyFile: `${file}.key` }];
            }),
        ),
    });
    return {
        "caddy.json": `${JSON.stringify(caddy, null, 2)}\n`,
        services: Object.entries(services)
            .map(([name, service]) => `${name}\t${service.port}\t${service.upstream}\t${addresses.join(" ")}\n`)
            .join(""),
    };
}

/** Keeps what is still good, makes what is new or due. Private keys go to the host and nowhere else. */
async function issue(
    change: Change,
): Promise<{ certificates: Record<string, CertificateRecord>; files: Record<string, string> }> {
    const { before, inputs } = change;
    const { addresses, services, authorities, authorityKeys } = inputs as unknown as ProxyInputs;
    const kept =
        before !== undefined &&
        Object.keys(
            changesOf(before.inputs, inputs, ["host", "appName", "interface", "machine", "addresses", "authorities"]),
        ).length === 0;
    const lost = Object.keys(before?.outputs.drift ?? {}).some(
        (name) => name === "records" || name.startsWith("certificate"),
    );
    const due = renewals(change);
    const certificates: Record<string, CertificateRecord> = {};
    const files: Record<string, string> = {};
    for (const [name, { certificate: algorithm }] of Object.entries(services)) {
        const old = certificatesOf(before?.outputs)[name];
        const oldService = ((before?.inputs.services ?? {}) as Record<string, ProxyService>)[name];
        if (
            kept &&
            !lost &&
            old !== undefined &&
            oldService?.certificate === algorithm &&
            due[renewal(name)] === undefined
        ) {
            certificates[name] = old;
            continue;
        }
        const { issueLeaf } = await import("../../core/certificates.js");
        const leaf = await issueLeaf({
            authority: { certificate: authorities[algorithm] ?? "", privateKey: authorityKeys[algorithm] ?? "" },
            service: name,
            appName: placed(inputs).appName,
            addresses,
            algorithm: algorithm,
            now: new Date(),
            crypto: webcrypto,
        });
        const file = `${name}-${leaf.fingerprint.slice(0, 12)}`;
        certificates[name] = {
            file,
            fingerprint: leaf.fingerprint,
            notBefore: leaf.notBefore,
            notAfter: leaf.notAfter,
        };
        files[`cert.${file}.pem`] = leaf.certificate;
        files[`cert.${file}.key`] = leaf.privateKey;
    }
    return { certificates, files };
}
