import { webcrypto } from "node:crypto";

import type { Certificates, ScriptChange, ScriptOutputs } from "./inputs.js";
import { resolvedProxy } from "../proxy/inputs.js";
import { allLeaves } from "../../../core/certificates/leaves.js";
import { changesOf } from "../changes.js";
import { newAuthorities, renewal, renewals } from "../proxy/sentences.js";

/** Certificates for those services whose key the relay has shown; the keys themselves never leave it. */
export async function certificatesFor(change: ScriptChange, requests: Record<string, string>): Promise<Certificates> {
    const { inputs } = change;
    const { addresses, services, authorities, authorityKeys } = resolvedProxy(inputs);
    const { certifyRequest, requestInfo } = await import("../../../core/certificates/index.js");
    const certificates: Certificates = {};
    for (const { id, service: name, algorithm } of allLeaves(services)) {
        const pem = requests[id];
        if (pem === undefined) continue;
        const { algorithm: asked, fingerprint: request } = requestInfo(pem);
        // A key of another kind is made by the next script, and asks then.
        if (asked !== algorithm) continue;
        const old = certificatesOf(change.before?.outputs)[id];
        if (old?.request === request && isStillGood(change, id, algorithm)) {
            certificates[id] = old;
            continue;
        }
        const leaf = await certifyRequest(
            {
                authority: {
                    certificate: authorities?.[algorithm] ?? "",
                    privateKey: authorityKeys?.[algorithm] ?? "",
                },
                service: name,
                appName: inputs.appName,
                addresses,
                algorithm,
                now: new Date(),
                crypto: webcrypto,
            },
            pem,
        );
        certificates[id] = { ...leaf, file: `${id}-${leaf.fingerprint.slice(0, 12)}`, request };
    }
    return certificates;
}

export function certificatesOf(outputs: ScriptOutputs | undefined): Certificates {
    return outputs?.certificates ?? {};
}

function isStillGood(change: ScriptChange, name: string, algorithm: string): boolean {
    const { before, inputs } = change;
    const kept =
        before !== undefined &&
        Object.keys(changesOf(before.inputs, inputs, ["appName", "addresses"])).length === 0 &&
        !newAuthorities(change).includes(algorithm);
    const due = renewals(change)[renewal(name)] !== undefined;
    return kept && !due;
}
