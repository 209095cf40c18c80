import { webcrypto } from "node:crypto";

import { differsIn } from "../../../core/drift.js";
import { servicesOf } from "./services.js";
import { type ProxyChange, resolvedProxy } from "./inputs.js";
import type { CertificateRecord } from "./certificates.js";
import { allLeaves, leavesOf } from "../../../core/certificates/leaves.js";
import { changesOf } from "../changes.js";
import { certificatesOf, isElsewhere, newAuthorities, renewal, renewals } from "./sentences.js";

/** Keeps what is still good, makes what is new or due. Private keys go to the host and nowhere else. */
export async function issue(
    change: ProxyChange,
): Promise<{ certificates: Record<string, CertificateRecord>; files: Record<string, string> }> {
    const { before, inputs } = change;
    const { addresses, services, authorities, authorityKeys } = resolvedProxy(inputs);
    const kept =
        before !== undefined &&
        !isElsewhere(change) &&
        Object.keys(changesOf(before.inputs, inputs, ["machine", "addresses"])).length === 0;
    const created = newAuthorities(change);
    const lost = differsIn(before?.outputs.drift, "records", "certificate", "certificate file");
    const due = renewals(change);
    const certificates: Record<string, CertificateRecord> = {};
    const files: Record<string, string> = {};
    for (const { id, service: name, algorithm } of allLeaves(services)) {
        const old = certificatesOf(before?.outputs)[id];
        const oldService = servicesOf(before?.inputs)[name];
        if (
            kept &&
            !lost &&
            !created.includes(algorithm) &&
            old !== undefined &&
            old.renewal === undefined &&
            oldService !== undefined &&
            leavesOf(name, oldService).some((leaf) => leaf.id === id && leaf.algorithm === algorithm) &&
            leavesOf(name, services[name]!).every((leaf) => due[renewal(leaf.id)] === undefined)
        ) {
            certificates[id] = old;
            continue;
        }
        const { issueLeaf } = await import("../../../core/certificates/index.js");
        const leaf = await issueLeaf({
            authority: { certificate: authorities?.[algorithm] ?? "", privateKey: authorityKeys?.[algorithm] ?? "" },
            service: name,
            appName: inputs.appName,
            addresses,
            algorithm: algorithm,
            now: new Date(),
            crypto: webcrypto,
        });
        const file = `${id}-${leaf.fingerprint.slice(0, 12)}`;
        certificates[id] = {
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
