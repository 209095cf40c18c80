import { webcrypto } from "node:crypto";

import type { CertificateAlgorithm } from "../../core/certificates.js";
import type { RecordMark } from "../../core/audit/record.js";
import type { AuditRef } from "../audit/log.js";
import { changesOf } from "./changes.js";
import { mintId, underAudit, verifyRecord } from "./placed.js";
import { UNKNOWN, type Properties, type Resource } from "./resource.js";

/** The internal authority of one relay and one algorithm. Its private key is a secret in state and never on a relay. */
export const certificateAuthority: Resource = {
    type: "CertificateAuthority",
    description:
        "An internal certificate authority, limited by critical name constraints to one relay's names and addresses.",
    schema: {
        inputs: {
            relay: { type: "string", description: "Name of the relay." },
            audit: { type: "object", description: "The sealed log." },
            appName: { type: "string", description: "Names under `<appName>.internal` may be certified." },
            subnet: { type: "string", description: "Addresses in this network may be certified." },
            algorithm: { type: "string", description: "`ed25519` or `ecdsa-p256`." },
        },
        outputs: {
            certificate: { type: "string", description: "The authority's certificate, PEM: what clients trust." },
            privateKey: { type: "string", description: "Its private key, PEM (PKCS #8).", secret: true },
            notAfter: { type: "string", description: "When it ends, RFC 3339." },
            record: {
                type: "object",
                description: "Sequence, hash and offset of the last audit record of this resource.",
            },
        },
    },

    check: (news) => Promise.resolve({ inputs: news, failures: [] }),

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) return { changes: {} };
        await verifyRecord(news.audit as AuditRef, oldOutputs.record as RecordMark | undefined, context);
        const changes = changesOf(oldInputs, news, COMPARED);
        if (Object.keys(changes).length > 0) {
            context.log(
                "warning",
                `${String(news.relay)}: a new certificate authority is made: every client has to trust it before it reaches a service again`,
            );
        }
        return { changes };
    },

    async create(inputs, { preview, urn }) {
        const old = deleted.get(urn);
        deleted.delete(urn);
        if (old !== undefined && Object.keys(changesOf(old.inputs, inputs, COMPARED)).length === 0) {
            return { id: preview ? "" : mintId(), outputs: old.outputs };
        }
        if (preview) return { id: "", outputs: UNMADE };
        return { id: mintId(), outputs: await make(inputs, undefined) };
    },

    async update(_id, oldInputs, oldOutputs, news, { preview }) {
        if (Object.keys(changesOf(oldInputs, news, COMPARED)).length === 0) return oldOutputs;
        return preview ? UNMADE : make(news, oldOutputs.record as RecordMark | undefined);
    },

    read: (id, inputs, outputs) => Promise.resolve({ id, inputs, outputs }),

    // The state was its only place.
    delete: (_id, inputs, outputs, { urn }) => Promise.resolve(void deleted.set(urn, { inputs, outputs })),
};

/** Deleted in this process: a replacement keeps the certificate that clients trust. */
const deleted = new Map<string, { inputs: Properties; outputs: Properties }>();

const COMPARED = ["appName", "subnet", "algorithm"];
const UNMADE: Properties = { certificate: UNKNOWN, privateKey: UNKNOWN, notAfter: UNKNOWN, record: UNKNOWN };

async function make(inputs: Properties, previous: RecordMark | undefined): Promise<Properties> {
    const { relay, appName, subnet, algorithm } = inputs as {
        relay: string;
        appName: string;
        subnet: string;
        algorithm: CertificateAlgorithm;
    };
    const message = `Made the ${algorithm} certificate authority of relay ${relay}`;
    const { result, record } = await underAudit(
        inputs.audit as AuditRef,
        previous,
        { action: "ca_create", message, details: { relay, algorithm } },
        async (operation) => {
            const { certificateInfo, createAuthority } = await import("../../core/certificates.js");
            const authority = await createAuthority({
                appName,
                subnet,
                algorithm,
                now: new Date(),
                crypto: webcrypto,
            });
            const { fingerprint, notAfter } = certificateInfo(authority.certificate);
            await operation.success({ message, details: { relay, algorithm, fingerprint, not_after: notAfter } });
            return authority;
        },
    );
    return { certificate: result.certificate, privateKey: result.privateKey, notAfter: result.notAfter, record };
}
