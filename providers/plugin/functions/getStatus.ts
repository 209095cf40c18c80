import { knownRelay } from "../../../core/status/index.js";
import type { ProxyService, RegistryPeer } from "../../../core/registry/model.js";
import { describeHost, pinned, type HostDescriptor } from "../../hosts/descriptors.js";
import { relayStatus } from "../../hosts/status.js";
import { PLACED_INPUTS } from "../../resources/schemas.js";
import type { PluginFunction } from "./function.js";

/** What a program knows of a relay that it declares. */
interface Question {
    relay: string;
    owner: string;
    relayId?: string;
    host: HostDescriptor;
    hostKey?: string;
    appName: string;
    interface: string;
    credentials?: string;
    peers: Record<string, RegistryPeer>;
    publicKeys: Record<string, string>;
    registry: Parameters<typeof knownRelay>[0]["registry"];
    addresses: string[];
    services: Record<string, ProxyService>;
    served: Record<string, { group?: string; cipher?: string }>;
    authorities: Record<string, string>;
    probe: boolean;
    timeout: number;
}

/** How a relay is now; one that cannot be asked is answered for by the state, with the reason. */
export const getStatus: PluginFunction = {
    description: "Queries a relay: connected peers, services, and differences from the state.",
    inputs: {
        ...PLACED_INPUTS,
        owner: { type: "string", description: "project/stack/relay: the relay's owner." },
        hostKey: { type: "string", description: "The SSH host key, from Host.", optional: true },
        peers: { type: { map: "string" }, description: "Peers by name, from Registry." },
        publicKeys: { type: { map: "string" }, description: "Generated public keys, by peer." },
        registry: { type: { map: "string" }, description: "The registry, from WireGuard." },
        addresses: { type: { list: "string" }, description: "Tunnel addresses that services listen on." },
        services: { type: { map: { named: "ProxyService" } }, description: "Services by name, as for Proxy." },
        served: { type: { map: { named: "ServedService" } }, description: "The service registry, from Proxy." },
        authorities: { type: { map: "string" }, description: "CA certificates by algorithm, PEM." },
        probe: { type: "boolean", description: "Also open a TLS connection to each service." },
        timeout: { type: "integer", description: "Time limit in seconds for the relay's answer." },
    },
    // As text, because the engine drops what is null, which here says that something is not known.
    outputs: { status: { type: "string", description: "Peers, services, drift as JSON; no secrets." } },

    async invoke(args) {
        const question = args as unknown as Question;
        const { host, hostKey, appName: app, interface: name, services, addresses, authorities } = question;
        const at = pinned(host, hostKey);
        const target = {
            host: at,
            names: { appName: app, interface: name },
            owner: question.owner,
            ...(question.relayId === undefined ? {} : { relayId: question.relayId }),
            ...(question.credentials === undefined ? {} : { credentials: question.credentials }),
        };
        // The relay says itself which key epoch an interface is for.
        const known = knownRelay({ ...question, host: describeHost(at), epochs: {} });
        const asked = { target, known, services: { addresses, services, authorities } };
        const status = await relayStatus(asked, { probe: question.probe, timeout: question.timeout });
        return { status: JSON.stringify(status) };
    },
};
