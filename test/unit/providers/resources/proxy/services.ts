import { webcrypto } from "node:crypto";

import { createAuthority } from "../../../../../core/certificates/index.js";
import { type ProxyChange, type ProxyPlan, readProxy } from "../../../../../providers/resources/proxy/inputs.js";
import { readProxyOutputs } from "../../../../../providers/resources/proxy/outputs.js";
import type { Properties } from "../../../../../providers/resources/resource.js";
import { contextOf, type Told } from "../relay/lifecycle.js";
import { PLACE } from "../relays.js";

export const WIKI = { port: 8443, upstream: "10.8.0.3:3000", certificate: "ed25519", keyExchange: "require" } as const;

export interface Authority {
    certificate: string;
    privateKey: string;
    notAfter: string;
}

export function authorityOf(algorithm: "ed25519" | "ecdsa-p256" = "ed25519"): Promise<Authority> {
    return createAuthority({
        ...{ appName: "qp-tunnel", subnet: "10.8.0.0/24", algorithm },
        ...{ now: new Date(), crypto: webcrypto },
    });
}

/** What a proxy with one service is told; of its CA nothing, unless a test says it. */
export function proxyInputs(more: Properties = {}): ProxyPlan {
    return readProxy({ ...PLACE, machine: "m1", addresses: ["10.8.0.1"], services: { wiki: WIKI }, ...more });
}

/** A change of the proxy's inputs; without `before` it is the first apply. */
export function proxyChange(
    news: Properties,
    before?: { inputs: Properties; outputs: Properties },
): ProxyChange & { context: Told } {
    return {
        ...(before === undefined
            ? {}
            : { before: { inputs: proxyInputs(before.inputs), outputs: readProxyOutputs(before.outputs) } }),
        inputs: proxyInputs(news),
        context: contextOf(),
    };
}
