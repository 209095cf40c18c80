import { webcrypto } from "node:crypto";

import { renderCaddy } from "../../core/caddy.js";
import type { ProxyService } from "../../core/model.js";
import { serviceDomain } from "../../core/names.js";
import { renderRenewalUnits } from "../../core/units.js";
import { describeRelay } from "../../core/leaf.js";
import type { Files } from "../hosts/bundle.js";
import { describeHost } from "../hosts/descriptors.js";
import { relayValues } from "../hosts/host.js";
import { provideCaddy } from "../hosts/caddyBinary.js";
import { probeServices } from "../hosts/probe.js";
import { changesOf, same } from "./changes.js";
import { proxyInputs, proxyOutputs } from "./imported.js";
import { placed, targetOf, type Announcement } from "./placed.js";
import { proxyDrift } from "./proxyDrift.js";
import { delegate, renewalDrift, renewedCertificates, renewedFile, renewsItself } from "./proxyRenewal.js";
import { certificatesOf, issuersOf, proxySentences, proxyWarnings, renewal, renewals } from "./proxyWords.js";
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
    /** `relay`: it renews the certificates by itself, with an authority of its own. Absent: an apply does. */
    renewal?: "relay";
}

/** A leaf certificate as the state knows it; its key is on the host alone. */
export interface CertificateRecord {
    file: string;
    fingerprint: string;
    notBefore: string;
    notAfter: string;
    /** Made by the relay itself, so that another one may be there by now. */
    renewal?: "relay";
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
            renewal: {
                type: "string",
                description: "`relay`: it renews certificates by itself, with an authority that is left on it.",
                optional: true,
            },
        },
        {
            served: {
                type: "object",
                description: "The service registry: url, upstream, negotiated group and cipher.",
            },
            certificates: { type: "object", description: "Leaf certificates by service: file, fingerprint, validity." },
            issuers: { type: "object", description: "Certificates of authorities that are left on the relay." },
        },
    ),
    step: "proxy",
    compared: ["machine", "addresses", "services", "authorities", "renewal"],

    adjust: (change, changes) => ({ ...changes, ...renewals(change) }),
    sentences: (change) => proxySentences(change),
    warnings: (change) => proxyWarnings(change),

    begin: (change) => ({
        action: "services_apply",
        message: `Apply the services of ${describeRelay(placed(change.inputs).relay)}`,
        details: {
            relay: placed(change.inputs).relay,
            services: Object.keys(change.inputs.services ?? {}),
        },
    }),

    async desired(change) {
        const { inputs, context } = change;
        const { services } = inputs as unknown as ProxyInputs;
        if (Object.keys(services).length > 0) await provideCaddy(targetOf(inputs, context));
        if (!renewsItself(inputs)) {
            const { certificates, files } = await issue(change);
            return { files: { ...renderProxy(change, certificates), ...files }, keep: { certificates, issuers: {} } };
        }
        const { issuers, files } = await delegate(change);
        const names = Object.keys(services).map(
            (name) => [name, { file: renewedFile(name), renewal: "relay" }] as const,
        );
        const rendered = renderProxy(change, Object.fromEntries(names));
        return { files: { ...rendered, ...renewalUnits(change), ...files }, keep: { issuers } };
    },

    async outputs({ inputs, context }, answer, keep) {
        const args = inputs as unknown as ProxyInputs;
        const target = targetOf(inputs, context);
        const certificates = renewsItself(inputs) ? renewedCertificates(args, answer) : keep.certificates;
        const outputs = { certificates, issuers: keep.issuers };
        const problems = Object.values(driftOf(inputs, outputs, answer));
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
        return { outputs: { served: services, ...outputs }, problems };
    },

    previewOutputs({ inputs, before }) {
        const unchanged =
            before !== undefined &&
            same(before.inputs.services, inputs.services) &&
            same(before.inputs.addresses, inputs.addresses) &&
            before.inputs.renewal === inputs.renewal;
        return unchanged ? before.outputs : { served: UNKNOWN, certificates: UNKNOWN, issuers: UNKNOWN };
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
            ...issuerOutcomes(relay, before?.outputs, outputs),
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

    drift: driftOf,

    imported(found, answer) {
        const inputs = proxyInputs(found, answer);
        return Promise.resolve({ inputs, outputs: proxyOutputs(inputs) });
    },

    ending(inputs) {
        const { relay } = placed(inputs);
        const services = (inputs.services ?? {}) as Record<string, ProxyService>;
        return [
            {
                action: "services_remove",
                message: `Removed the proxy of ${describeRelay(relay)}`,
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
    certificates: Record<string, Pick<CertificateRecord, "file" | "renewal">>,
): Record<string, string> {
    const { addresses, services } = inputs as unknown as ProxyInputs;
    const { etc = "", run = "" } = relayValues(targetOf(inputs, context));
    const caddy = renderCaddy({
        adminSocket: `${run}/admin.sock`,
        listen: addresses,
        appName: placed(inputs).appName,
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => {
                const { file, renewal: by } = certificates[name] ?? {};
                const path = `${etc}/certs/${file}`;
                // What the relay makes is in one file, so that it is replaced whole or not at all.
                const keyFile = `${path}.${by === "relay" ? "pem" : "key"}`;
                return [name, { ...service, certificateFile: `${path}.pem`, keyFile }];
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

function driftOf(inputs: Properties, outputs: Properties, answer: Files): Record<string, string> {
    const args = inputs as unknown as ProxyInputs;
    const drift = proxyDrift(args, certificatesOf(outputs), answer);
    const own = renewsItself(inputs)
        ? renewalDrift(placed(inputs).appName, args, issuersOf(outputs), answer, new Date())
        : {};
    return { ...drift, ...own };
}

function renewalUnits({ inputs, context }: Change): Files {
    const { name = "", etc = "", run = "" } = relayValues(targetOf(inputs, context));
    const units = renderRenewalUnits({ name, etc, run });
    return Object.fromEntries(Object.entries(units).map(([unit, text]) => [`unit.${unit}`, text]));
}

/** That a relay has an authority of its own, or no longer, is worth a line in the log. */
function issuerOutcomes(relay: string, before: Properties | undefined, outputs: Properties): Announcement[] {
    const [then, now] = [issuersOf(before), issuersOf(outputs)];
    const algorithms = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
    return algorithms
        .filter((algorithm) => then[algorithm]?.fingerprint !== now[algorithm]?.fingerprint)
        .map((algorithm) => {
            const left = now[algorithm];
            const { fingerprint, notAfter } = left ?? then[algorithm]!;
            return {
                action: left === undefined ? "ca_withdraw" : "ca_delegate",
                message:
                    left === undefined
                        ? `Removed its own ${algorithm} authority from ${describeRelay(relay)}`
                        : `Left ${describeRelay(relay)} an ${algorithm} authority of its own, to renew certificates with`,
                details: { relay, algorithm, fingerprint, not_after: notAfter },
            };
        });
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
            old.renewal === undefined &&
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
