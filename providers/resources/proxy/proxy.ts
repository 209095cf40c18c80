import type { Drift } from "../../../core/drift.js";
import { serviceUrls } from "../../../core/names.js";
import { type ProxyOutputs, readProxyOutputs, readOwnProxyOutputs, type ServedByProxy } from "./outputs.js";
import { type ProxyPlan, readProxy, resolvedProxy } from "./inputs.js";
import { known } from "../shape.js";
import { servicesOf } from "./services.js";
import { CADDY_VERSION } from "../../../core/caddy/index.js";
import { allLeaves, type Leaf, leavesOf } from "../../../core/certificates/leaves.js";
import { describeRelay } from "../../../core/wireguard/leaf.js";
import type { PartAnswers } from "../../../core/protocol/steps.js";
import { describeHost } from "../../hosts/descriptors.js";
import { provideCaddy } from "../../hosts/caddyBinary.js";
import { probeServices } from "../../hosts/probe.js";
import { same } from "../changes.js";
import { proxyInputs, proxyOutputs } from "../import/imported.js";
import { targetOf } from "../relay/target.js";
import { configDrift, configHash, proxyDrift } from "./drift.js";
import { delegate, renewalDrift, renewedCertificates, renewedFile, renewsItself } from "./renewal.js";
import { certificatesOf, issuersOf, proxyWarnings, proxyWording, renewals, withoutReissued } from "./sentences.js";
import { relayResource } from "../relay/relayResource.js";
import type { RelayResourceParts } from "../relay/parts.js";
import { UNKNOWN } from "../resource.js";
import { count } from "../sentences.js";
import { MACHINE_INPUT, relaySchema } from "../schemas.js";
import { issue } from "./issue.js";
import { renderProxy, renewalUnits } from "./render.js";
import { issuerOutcomes, restoredServices } from "./records.js";

/** One Caddy for all services of a relay, bound to its tunnel addresses, and their certificates. */
export const proxyParts: RelayResourceParts<ProxyPlan, ProxyOutputs, "proxy"> = {
    type: "Proxy",
    description:
        "The TLS proxy of a relay: services on tunnel addresses only, with their certificates and what was negotiated.",
    schema: relaySchema(
        {
            ...MACHINE_INPUT,
            addresses: { type: { list: "string" }, description: "Tunnel addresses to listen on." },
            services: {
                type: { map: { named: "ProxyService" } },
                description: "Services by name: port, upstream, certificate, key exchange.",
            },
            authorities: { type: { map: "string" }, description: "CA certificates by algorithm, PEM." },
            authorityKeys: { type: { map: "string" }, description: "CA private keys by algorithm, PEM.", secret: true },
            configuration: {
                type: "integer",
                description: "Version of the services' configuration. Set by the plugin.",
                optional: true,
            },
            renewal: {
                type: "string",
                description: "`relay`: it renews certificates itself, with an intermediate CA on the machine.",
                optional: true,
            },
        },
        {
            served: {
                type: { map: { named: "ServedService" } },
                description: "The service registry: url, upstream, negotiated group and cipher.",
            },
            certificates: {
                type: { map: { named: "LeafCertificate" } },
                description: "Leaf certificates by service: file, fingerprint, validity.",
            },
            issuers: {
                type: { map: { named: "IssuerCertificate" } },
                description: "Certificates of the intermediate CAs on the relay.",
            },
            config: { type: "string", description: "SHA-256 of the running configuration.", optional: true },
        },
    ),
    step: "proxy",
    parse: readProxy,
    parseOutputs: readProxyOutputs,
    ...proxyWording,

    // So that a relay of an earlier version gets what this one says for the same services.
    complete: (inputs) => (same(inputs.services, {}) ? inputs : { ...inputs, configuration: CADDY_VERSION }),
    adjust: (change, changes) => ({ ...withoutReissued(change, changes), ...renewals(change) }),
    warnings: (change) => proxyWarnings(change),
    restored: (change) =>
        restoredServices(change).map((name) => ({
            kind: "service",
            name,
            sentence: `${name} was closed first and is reopened`,
        })),

    begin: (change) => ({
        action: "services_apply",
        message: `Apply the services of ${describeRelay(change.inputs.relay)}`,
        details: {
            relay: change.inputs.relay,
            services: Object.keys(servicesOf(change.inputs)),
        },
    }),

    async desired(change) {
        const { inputs, context } = change;
        const { services } = resolvedProxy(inputs);
        if (Object.keys(services).length > 0) await provideCaddy(targetOf(inputs, context));
        const values = { role: inputs.role };
        if (!renewsItself(inputs)) {
            const { certificates, files } = await issue(change);
            return {
                values,
                files: { ...renderProxy(change, certificates), ...files },
                keep: { certificates, issuers: {} },
            };
        }
        const { issuers, files } = await delegate(change);
        const names = allLeaves(services).map(({ id }) => [id, { file: renewedFile(id), renewal: "relay" }] as const);
        const rendered = renderProxy(change, Object.fromEntries(names));
        return { values, files: { ...rendered, ...renewalUnits(change), ...files }, keep: { issuers } };
    },

    async outputs({ inputs, context }, answer, keep) {
        const args = resolvedProxy(inputs);
        const target = targetOf(inputs, context);
        const { issuers = {}, certificates: issued = {} } = readOwnProxyOutputs(keep);
        const certificates = renewsItself(inputs) ? renewedCertificates(args, answer) : issued;
        const config = configHash(answer);
        const outputs = { certificates, issuers, ...(config === undefined ? {} : { config }) };
        const problems = driftOf(inputs, outputs, answer).map(({ sentence }) => sentence);
        const probes =
            problems.length > 0
                ? {}
                : await probeServices(target, { ...args, authorities: args.authorities ?? {} }, inputs.appName);
        const services: Record<string, ServedByProxy> = {};
        for (const [name, service] of Object.entries(args.services)) {
            const probe = probes[name];
            services[name] = {
                ...serviceUrls({ name, port: service.port }, { ...args, appName: inputs.appName }),
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

    outcomes(change, outputs) {
        const { inputs, before } = change;
        const { relay } = inputs;
        const restored = restoredServices(change);
        const now = servicesOf(inputs);
        const then = servicesOf(before?.inputs);
        const certificates = certificatesOf(outputs);
        const served = outputs.served ?? {};
        const leaves = (name: string): Leaf[] => leavesOf(name, now[name]!);
        const opened = Object.keys(now).filter(
            (name) =>
                restored.includes(name) ||
                !same(now[name], then[name]) ||
                leaves(name).some(({ id }) => !same(certificates[id], certificatesOf(before?.outputs)[id])),
        );
        const closed = Object.keys(then).filter((name) => now[name] === undefined);
        return [
            ...opened.sort().map((name) => ({
                action: "service_open",
                message: `Opened ${name} at ${served[name]?.url}`,
                details: {
                    relay,
                    name,
                    upstream: now[name]?.upstream,
                    port: now[name]?.port,
                    listen_ip: known(inputs.addresses)?.[0],
                    tls_fingerprint: leaves(name)
                        .map(({ id }) => `SHA256:${certificates[id]?.fingerprint}`)
                        .join(" "),
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
                details: {
                    relay,
                    services: Object.keys(now),
                    authorities: Object.keys(known(inputs.authorities) ?? {}).sort(),
                },
            },
        ];
    },

    drift: driftOf,

    imported(found, answer) {
        const inputs = readProxy(proxyInputs(found, answer));
        return Promise.resolve({ inputs, outputs: proxyOutputs(inputs) });
    },

    ending(inputs) {
        const { relay } = inputs;
        const services = servicesOf(inputs);
        return [
            {
                action: "services_remove",
                message: `Removed the proxy of ${describeRelay(relay)}`,
                begin: `Remove the proxy of ${describeRelay(relay)}`,
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

function driftOf(inputs: ProxyPlan, outputs: ProxyOutputs, answer: PartAnswers<"proxy">): Drift[] {
    const args = resolvedProxy(inputs);
    return [
        ...configDrift(outputs.config, args, answer),
        ...proxyDrift(args, certificatesOf(outputs), answer),
        ...(renewsItself(inputs) ? renewalDrift(inputs.appName, args, issuersOf(outputs), answer, new Date()) : []),
    ];
}
