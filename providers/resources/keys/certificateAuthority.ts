import { webcrypto } from "node:crypto";

import { changesOf, isMap } from "../changes.js";
import { markShape, readLogged, recordIn } from "../relay/placed.js";
import { anything, fields, oneOf, optional, read, text } from "../shape.js";
import { AUTHORITY_VERSION, type CertificateAlgorithm } from "../../../core/certificates/algorithm.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import type { RecordMark } from "../../../core/audit/record.js";
import { KEPT_INPUT, keptIn, withKept } from "./kept.js";
import { mintId } from "../relay/target.js";
import { verifyRecord } from "../relay/verify.js";
import { createStep, updateStep } from "../planned.js";
import { underAudit } from "../relay/underAudit.js";
import { type Produced, type Properties, type StateResource, UNKNOWN } from "../resource.js";

export interface AuthorityOutputs {
    certificate: string;
    privateKey: string;
    notAfter: string;
    /** Absent in states of before it was kept. */
    of?: unknown;
    record: RecordMark;
}

const authorityShape = fields<AuthorityOutputs>({
    certificate: text,
    privateKey: text,
    notAfter: text,
    of: optional(anything),
    record: markShape,
});

/** The internal authority of one relay and one algorithm. Its private key is a secret in state and never on a relay. */
export const certificateAuthority: StateResource<AuthorityOutputs> = {
    type: "CertificateAuthority",
    description: "An internal CA, for TLS servers under one relay's names and addresses only.",
    schema: {
        inputs: {
            relay: { type: "string", description: "Name of the relay." },
            audit: { type: { named: "AuditReference" }, description: "The sealed log." },
            appName: { type: "string", description: "Names under `<appName>.internal` may be certified." },
            subnet: { type: "string", description: "Addresses in this network may be certified." },
            algorithm: { type: "string", description: "`ed25519` or `ecdsa-p256`." },
            version: {
                type: "integer",
                description: "Version of the certificate's extensions. Set by the plugin.",
                optional: true,
            },
            ...KEPT_INPUT,
        },
        outputs: {
            certificate: { type: "string", description: "The CA certificate, PEM, which clients trust." },
            privateKey: { type: "string", description: "Its private key, PEM (PKCS #8).", secret: true },
            notAfter: { type: "string", description: "When it expires, RFC 3339." },
            of: {
                type: { named: "AuthorityScope" },
                description: "The names, addresses and algorithm that it is for.",
            },
            record: {
                type: { named: "AuditRecordMark" },
                description: "Sequence, hash and offset of the last audit record of this resource.",
            },
        },
    },

    check: async (news, olds) => ({ inputs: { ...withKept(news, olds), version: AUTHORITY_VERSION }, failures: [] }),

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) return { changes: {} };
        await verifyRecord(readLogged(news).audit, recordIn(oldOutputs), context);
        const changes = changesOf(oldInputs, news, [...IDENTITY, "version"]);
        if (!isSame(oldInputs, news)) {
            context.log(
                "warning",
                `${String(news.relay)}: a new CA is created: every client must trust it before it can reach a service again`,
            );
        } else if (Object.keys(changes).length > 0) context.log("info", reissued(news));
        return { changes };
    },

    // A replacement keeps the authority that clients trust.
    async create(inputs, context) {
        const { preview, log } = context;
        const step = createStep(context, inputs);
        const old = keptIn(inputs);
        if (old !== undefined && isSame(madeAs(old) ?? inputs, inputs)) {
            const version = madeAs(old)?.version;
            if (preview && version !== inputs.version) log("info", reissued(inputs));
            return { id: preview ? "" : mintId(), outputs: await kept(version, old, inputs, preview, step) };
        }
        if (preview) return { id: "", outputs: UNMADE };
        return { id: mintId(), outputs: await make(inputs, undefined, step) };
    },

    async update(_id, oldInputs, oldOutputs, news, context) {
        const { preview } = context;
        const step = updateStep(context, news, oldOutputs);
        if (isSame(oldInputs, news)) return kept(oldInputs.version, oldOutputs, news, preview, step);
        return preview ? UNMADE : make(news, recordIn(oldOutputs), step);
    },

    read: (id, inputs, outputs) => Promise.resolve({ id, inputs, outputs }),

    // The state was its only place.
    async delete() {},
};

/** What makes it another authority, with another key. */
const IDENTITY = ["appName", "subnet", "algorithm"];

function madeFor({ appName, subnet, algorithm, version }: Properties): Properties {
    return { appName, subnet, algorithm, version };
}

/** What an authority was made for; a state that was written before this was kept does not say. */
function madeAs({ of }: Properties): Properties | undefined {
    return isMap(of) ? of : undefined;
}

const UNMADE: Produced<AuthorityOutputs> = {
    certificate: UNKNOWN,
    privateKey: UNKNOWN,
    notAfter: UNKNOWN,
    record: UNKNOWN,
};

function isSame(olds: Properties, news: Properties): boolean {
    return Object.keys(changesOf(olds, news, IDENTITY)).length === 0;
}

/** The same authority; its certificate is reissued where that is of an earlier version. */
async function kept(
    version: unknown,
    outputs: Properties,
    news: Properties,
    preview: boolean,
    step: PlannedStep,
): Promise<Produced<AuthorityOutputs>> {
    const old = read(authorityShape, outputs);
    if (version === news.version) return old;
    const { privateKey } = old;
    return preview ? { ...UNMADE, privateKey } : make(news, old.record, step, old);
}

function reissued({ relay, algorithm }: Properties): string {
    return `${String(relay)}: the ${String(algorithm)} CA certificate is reissued with the same key, for TLS servers under the relay's names and addresses only: clients that trust the old one keep working; hand out the new one with \`qp-tunnel ca\``;
}

const madeOfShape = fields<{ appName: string; subnet: string; algorithm: CertificateAlgorithm }>({
    appName: text,
    subnet: text,
    algorithm: oneOf("ed25519", "ecdsa-p256"),
});

/** @param old reissued, with its key, instead of a new one */
async function make(
    inputs: Properties,
    previous: RecordMark | undefined,
    step: PlannedStep,
    old?: AuthorityOutputs,
): Promise<AuthorityOutputs> {
    const { relay, audit } = readLogged(inputs);
    const { appName, subnet, algorithm } = read(madeOfShape, inputs);
    const what = `the ${algorithm} CA of relay ${relay}`;
    const message = old === undefined ? `Created ${what}` : `Reissued ${what} with the same key`;
    const begin = old === undefined ? `Create ${what}` : `Reissue ${what} with the same key`;
    const action = old === undefined ? "ca_create" : "ca_reissue";
    const { result, record } = await underAudit(
        audit,
        previous,
        { action, message, begin, details: { relay, algorithm }, applying: { step, sentences: () => [] } },
        async (operation) => {
            const { certificateInfo, createAuthority, reissueAuthority } =
                await import("../../../core/certificates/index.js");
            const request = { appName, subnet, algorithm, now: new Date(), crypto: webcrypto };
            const authority =
                old === undefined
                    ? await createAuthority(request)
                    : await reissueAuthority(request, { certificate: old.certificate, privateKey: old.privateKey });
            const { fingerprint, notAfter } = certificateInfo(authority.certificate);
            await operation.success({ message, details: { relay, algorithm, fingerprint, not_after: notAfter } });
            return authority;
        },
    );
    return {
        certificate: result.certificate,
        privateKey: result.privateKey,
        notAfter: result.notAfter,
        of: madeFor(inputs),
        record,
    };
}
