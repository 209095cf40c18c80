import { webcrypto } from "node:crypto";

import { changesOf } from "./changes.js";
import { placed } from "./placed.js";
import type { CertificateRecord, ProxyInputs } from "./proxy.js";
import { renewal, renewals } from "./proxyWords.js";
import type { Change } from "./relayResource.js";
import type { Properties } from "./resource.js";

/** A certificate with what it takes to hand it out again: every script carries all of them. */
export interface ScriptCertificate extends CertificateRecord {
    /** PEM. */
    certificate: string;
    /** Of the key it is for. */
    request: string;
}

export type Certificates = Record<string, ScriptCertificate>;

/** Certificates for those services whose key the relay has shown; the keys themselves never leave it. */
export async function certificatesFor(change: Change, requests: Record<string, string>): Promise<Certificates> {
    const { inputs } = change;
    const { addresses, services, authorities, authorityKeys } = inputs as unknown as ProxyInputs;
    const { certifyRequest, requestInfo } = await import("../../core/certificates.js");
    const certificates: Certificates = {};
    for (const [name, { certificate: algorithm }] of Object.entries(services)) {
        const pem = requests[name];
        if (pem === undefined) continue;
        const { algorithm: asked, fingerprint: request } = requestInfo(pem);
        // A key of another kind is made by the next script, and asks then.
        if (asked !== algorithm) continue;
        const old = certificatesOf(change.before?.outputs)[name];
        if (old?.request === request && isStillGood(change, name)) {
            certificates[name] = old;
            continue;
        }
        const leaf = await certifyRequest(
            {
                authority: { certificate: authorities[algorithm] ?? "", privateKey: authorityKeys[algorithm] ?? "" },
                service: name,
                appName: placed(inputs).appName,
                addresses,
                algorithm,
                now: new Date(),
                crypto: webcrypto,
            },
            pem,
        );
        certificates[name] = { ...leaf, file: `${name}-${leaf.fingerprint.slice(0, 12)}`, request };
    }
    return certificates;
}

export function certificatesOf(outputs: Properties | undefined): Certificates {
    return (outputs?.certificates ?? {}) as Certificates;
}

function isStillGood(change: Change, name: string): boolean {
    const { before, inputs } = change;
    const kept =
        before !== undefined &&
        Object.keys(changesOf(before.inputs, inputs, ["appName", "addresses", "authorities"])).length === 0;
    const due = renewals(change)[renewal(name)] !== undefined;
    return kept && !due;
}
