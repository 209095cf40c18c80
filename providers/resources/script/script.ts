import { createHash } from "node:crypto";

import type { RecordMark } from "../../../core/audit/record.js";
import { formatMark } from "../../../core/protocol/mark.js";
import type { ProxyService } from "../../../core/registry/model.js";
import { REPAIR } from "../../../core/repair.js";
import { currentUser } from "../../audit/actor.js";
import { AuditLog } from "../../audit/log.js";
import { inProject } from "../../audit/paths.js";
import type { ScriptHost } from "../../hosts/descriptors.js";
import { relayValues } from "../../hosts/host.js";
import { relayProgram } from "../../hosts/program.js";
import { receiptPads } from "../../hosts/receipt.js";
import { changesOf, join } from "../changes.js";
import { comparedBy } from "../effects.js";
import { firewallParts } from "../firewall/firewall.js";
import { grantsParts } from "../grants/grants.js";
import { hostParts } from "../host/host.js";
import { placed } from "../relay/placed.js";
import { mintId, targetOf } from "../relay/target.js";
import { verifyRecord } from "../relay/verify.js";
import { underAudit } from "../relay/underAudit.js";
import { proxyParts } from "../proxy/proxy.js";
import { proxyWarnings, renewals, withoutReissued } from "../proxy/sentences.js";
import type { Change } from "../relay/change.js";
import { type ChangeKind, type Properties, type Resource, UNKNOWN } from "../resource.js";
import { relaySchema } from "../schemas.js";
import { certificatesFor } from "./certificates.js";
import { isRenamed, renameRecords } from "../relay/rename.js";
import { renderScript, scriptHash, scriptName, writeScript } from "./file.js";
import { bundlesOf, type Payload, payloadOf, REMOVAL } from "./payload.js";
import { genuineReceipt, markOf, receiptFailures, type ReceiptMark, receiptOf } from "./receipt.js";
import { receiptRecords } from "./records.js";
import { blindness, isNews, scriptSentences, type Served, servedOf } from "./sentences.js";
import { wireguardParts } from "../wireguard/wireguard.js";
import type { WireGuardInputs } from "../wireguard/inputs.js";
import { recordedRegistry } from "../wireguard/history.js";
import { registryAfter, type RegistryEntry } from "../wireguard/registry.js";
import { count } from "../sentences.js";

const PARTS = [hostParts, firewallParts, wireguardParts, proxyParts, grantsParts];

/** What is for a machine that is reached, or for a key that is not on it. */
const NOT_HERE = ["machine", "hostKey", "privateKeys", "credentials", "confirmTimeout"];

/**
 * A relay on a machine that nothing connects to: all that Host, Firewall, WireGuard, Proxy and Grants do elsewhere, in one
 * file to carry there. What is true of the relay is what its receipts say.
 */
export const script: Resource = {
    type: "Script",
    description:
        "A relay that nothing connects to, as one signed script; what its receipts say is what is known of it.",
    schema: relaySchema(
        {
            ...without(
                Object.assign({}, ...PARTS.map(({ schema }) => schema.inputs)) as typeof hostParts.schema.inputs,
            ),
            receipt: { type: "string", description: "What the script printed when it was run.", optional: true },
            relayPublicKey: {
                type: "string",
                description: "The relay's public key, where no receipt can be had.",
                optional: true,
            },
        },
        {
            sha256: { type: "string", description: "SHA-256 of the newest script." },
            edition: { type: "string", description: "When it was written." },
            payload: { type: "string", description: "SHA-256 of what it does." },
            publicKey: { type: "string", description: "The relay's public key; empty until it is known." },
            registry: {
                type: "object",
                description:
                    "Every peer there ever was, as far as receipts tell: address, key, status, since, revoked at.",
            },
            served: { type: "object", description: "Every service: url, upstream, and whether it is open." },
            certificates: { type: "object", description: "Certificates by service." },
            requests: { type: "object", description: "Certificate requests by service, from the newest receipt." },
            receipt: {
                type: "object",
                description: "Which receipt is the newest: edition, generation, machine, public key, script.",
            },
        },
    ),

    check(news, olds, context) {
        const failures = [
            ...PARTS.flatMap((parts) => parts.check?.(news, olds) ?? []),
            ...receiptFailures(news, olds, context),
        ];
        return Promise.resolve({ inputs: proxyParts.complete?.(news, olds) ?? news, failures });
    },

    async diff(_id, oldInputs, oldOutputs, news, context) {
        if (context.refreshing) {
            for (const sentence of Object.values(driftOf(oldOutputs)))
                context.log("warning", `${placed(news).relay}: ${sentence}`);
            return { changes: driftChanges(oldOutputs) };
        }
        await verifyRecord(placed(news).audit, oldOutputs.record as RecordMark | undefined, context);
        const change: Change = { before: { inputs: oldInputs, outputs: oldOutputs }, inputs: news, context };
        const changes = changesIn(change);
        for (const warning of proxyWarnings(change)) context.log("warning", warning);
        if (Object.keys(changes).length > 0) say(change, changes);
        return { changes };
    },

    async create(inputs, context) {
        const change: Change = { inputs, context };
        if (context.preview) {
            for (const warning of proxyWarnings(change)) context.log("warning", warning);
            say(change, {});
            return { id: "", outputs: preview(change) };
        }
        const id = mintId();
        made.add(context.urn);
        return { id, outputs: await apply(id, change) };
    },

    async update(id, oldInputs, oldOutputs, news, context) {
        const change: Change = { before: { inputs: oldInputs, outputs: oldOutputs }, inputs: news, context };
        return context.preview ? preview(change) : apply(id, change);
    },

    read(id, inputs, outputs, context) {
        context.log("warning", blindness(inputs, outputs));
        return Promise.resolve({ id, inputs, outputs: { ...outputs, drift: fileDrift(inputs, outputs) } });
    },

    async delete(id, inputs, outputs, context) {
        // A replacement has written its own script already.
        if (made.has(context.urn)) return;
        const { relay, audit } = placed(inputs);
        const { path } = placed(inputs).host as ScriptHost;
        const message = `Write the script that removes relay ${relay}`;
        await underAudit(
            audit,
            outputs.record as RecordMark | undefined,
            { action: "script_apply", message, details: { relay, path } },
            async (operation) => {
                const change: Change = { inputs, context };
                const edition = nextEdition(outputs);
                const sha256 = await write(id, change, REMOVAL, edition, formatMark(operation.mark), [
                    `Removes relay ${relay}: interface, firewall table, proxy, keys and files.`,
                ]);
                await operation.success({
                    message: `Wrote ${path}, which removes relay ${relay} when it is run there`,
                    details: { relay, path, sha256, edition },
                });
            },
        );
        context.log("warning", `${relay}: it goes on until ${path}, which now removes it, is run on its machine`);
    },
};

/** Made in this process: its delete is the second half of a replacement. */
const made = new Set<string>();

const COMPARED = [...new Set(PARTS.flatMap(comparedBy)), ...["host", "appName", "interface", "relayPublicKey"]].filter(
    (key) => !NOT_HERE.includes(key),
);

function changesIn(change: Change): Record<string, ChangeKind> {
    const { before, inputs } = change;
    const compared = withoutReissued(change, changesOf(before?.inputs ?? {}, inputs, COMPARED));
    const receipt = receiptOf(inputs);
    return {
        ...(wireguardParts.adjust?.(change, compared) ?? compared),
        ...("relay" in compared || !isRenamed(change) ? {} : { audit: "update" as const }),
        ...renewals(change),
        ...(receipt !== undefined && isNews(receipt, before?.outputs)
            ? { [join("receipt", receipt.edition)]: "add" as const }
            : {}),
        ...driftChanges(before?.outputs ?? {}),
    };
}

async function apply(id: string, change: Change): Promise<Properties> {
    const { inputs, before, context } = change;
    const { relay, audit } = placed(inputs);
    const { path } = placed(inputs).host as ScriptHost;
    const { result, record } = await underAudit(
        audit,
        before?.outputs.record as RecordMark | undefined,
        { action: "script_apply", message: `Prepare the script of relay ${relay}`, details: { relay, path } },
        async (operation) => {
            const known = before?.outputs ?? {};
            const receipt = genuineReceipt(inputs, known.receipt as ReceiptMark | undefined, context);
            const requests = receipt?.requests ?? ((known.requests ?? {}) as Record<string, string>);
            const certificates = await certificatesFor(change, requests);
            const payload = await payloadOf(change, certificates);
            const outputs: Properties = {
                ...taken(change, receipt, (known.registry as Registry | undefined) ?? (await recordedRegistry(inputs))),
                certificates,
                requests,
                ...(receipt === undefined ? receiptMark(known) : { receipt: markOf(receipt) }),
            };
            for (const each of renameRecords(change)) await operation.record({ status: "success", ...each });
            if (receipt !== undefined && isNews(receipt, known)) {
                const was = {
                    registry: (known.registry ?? {}) as Registry,
                    served: (known.served ?? {}) as Served,
                };
                const now = outputs as unknown as typeof was;
                for (const each of receiptRecords(inputs, receipt, was, now)) {
                    await operation.record({ status: "success", ...each });
                }
            }
            const digest = digestOf(bundlesOf(change, payload, { id }));
            if (
                digest === known.payload &&
                Object.keys(fileDrift(inputs, { ...known, receipt: outputs.receipt })).length === 0
            ) {
                await operation.success({
                    message: `Relay ${relay} needs no new script`,
                    details: { relay, path, sha256: known.sha256 },
                });
                return { ...outputs, sha256: known.sha256, edition: known.edition, payload: digest };
            }
            const edition = nextEdition(known);
            const sha256 = await write(id, change, payload, edition, formatMark(operation.mark), purpose(change));
            await operation.success({
                message: `Wrote ${path} for relay ${relay}`,
                details: {
                    relay,
                    path,
                    sha256,
                    edition,
                    peers: Object.keys(inputs.peers as object).length,
                    services: Object.keys(certificates),
                },
            });
            context.log(
                "info",
                `${relay}: wrote ${path} (SHA-256 ${sha256.slice(0, 16)}): verify and run it on the relay as its head says, then give its receipt`,
            );
            return { ...outputs, sha256, edition, payload: digest };
        },
    );
    return { ...result, drift: {}, record };
}

type Registry = Record<string, RegistryEntry>;

function receiptMark({ receipt }: Properties): Properties {
    return receipt === undefined ? {} : { receipt };
}

/** What is true of the relay: what its receipt says, or the one before. */
function taken(change: Change, receipt: ReturnType<typeof receiptOf>, past: Registry): Properties {
    const { inputs, before } = change;
    const onWire = new Set(Object.keys(receipt?.peers ?? {}));
    const args = inputs as unknown as WireGuardInputs;
    const served = servedOf(inputs, receipt, (before?.outputs.served ?? {}) as Served);
    return {
        publicKey: receipt?.publicKey ?? inputs.relayPublicKey ?? before?.outputs.publicKey ?? "",
        registry:
            receipt === undefined
                ? past
                : registryAfter(change, past, args, {
                      onWire,
                      cut: new Map(),
                      replaced: new Map(),
                      now: new Date().toISOString(),
                      by: currentUser(),
                  }),
        served,
    };
}

async function write(
    id: string,
    { inputs, context, before }: Change,
    payload: Payload,
    edition: string,
    auditMark: string,
    says: string[],
): Promise<string> {
    const { audit, host, interface: device } = placed(inputs);
    const path = inProject((host as ScriptHost).path, audit.project);
    const { name, etc, run, owner } = relayValues(targetOf(inputs, context));
    const signer = await (await AuditLog.open(audit, { expectExisting: true })).signingKey();
    const text = renderScript(
        {
            says: [...says, `Written ${edition} for ${owner}.`],
            name: scriptName(path),
            publicKey: signer.publicKey,
            values: { name, interface: device, etc, run, owner, edition, ...receiptPads(String(inputs.seed)) },
        },
        bundlesOf({ inputs, context, ...(before === undefined ? {} : { before }) }, payload, {
            id,
            auditMark,
            edition,
        }),
    );
    return writeScript(path, text, signer);
}

/** Time as it is, but later than the edition before: the relay refuses what is older than what it has run. */
function nextEdition({ edition }: Properties): string {
    const last = typeof edition === "string" ? Date.parse(edition) : 0;
    return new Date(Math.max(Date.now(), last + 1)).toISOString();
}

function purpose({ inputs }: Change): string[] {
    const { relay, interface: device } = placed(inputs);
    const services = inputs.services as Record<string, ProxyService>;
    return [
        `Makes this machine the WireGuard relay ${relay}, interface ${device}, or brings it up to date:`,
        `${count(Object.keys(inputs.peers as object).length, "peer")}, ${count(Object.keys(services).length, "service")}.`,
    ];
}

function digestOf(bundles: Record<string, string>): string {
    return createHash("sha256").update(JSON.stringify(bundles)).update(relayProgram()).digest("hex");
}

/** The script that is to be carried must be the one that was written; once it has run it is not needed any more. */
function fileDrift(inputs: Properties, outputs: Properties): Record<string, string> {
    const { audit, host } = placed(inputs);
    const { path } = host as ScriptHost;
    const found = scriptHash(inProject(path, audit.project));
    if (found === outputs.sha256) return {};
    if (found !== undefined) return { script: `${path} is not the script that was written; ${REPAIR} writes it again` };
    const hasRun = (outputs.receipt as ReceiptMark | undefined)?.script === outputs.sha256;
    return hasRun ? {} : { script: `${path} is gone before its receipt came back; ${REPAIR} writes it again` };
}

function preview(change: Change): Properties {
    const { before, inputs } = change;
    const receipt = receiptOf(inputs);
    return {
        ...before?.outputs,
        sha256: UNKNOWN,
        edition: UNKNOWN,
        payload: UNKNOWN,
        publicKey: receipt?.publicKey ?? inputs.relayPublicKey ?? before?.outputs.publicKey ?? "",
        registry: UNKNOWN,
        served: UNKNOWN,
        certificates: UNKNOWN,
        requests: UNKNOWN,
        receipt: UNKNOWN,
        drift: {},
        record: UNKNOWN,
        plan: scriptSentences(change, before === undefined ? {} : changesIn(change)),
    };
}

function say(change: Change, changes: Record<string, ChangeKind>): void {
    const { inputs, before, context } = change;
    const drift = Object.values(driftOf(before?.outputs ?? {})).map((text) => `${placed(inputs).relay}: ${text}`);
    for (const sentence of [...drift, ...scriptSentences(change, changes)]) context.log("info", sentence);
}

function driftOf(outputs: Properties): Record<string, string> {
    return (outputs.drift ?? {}) as Record<string, string>;
}

function driftChanges(outputs: Properties): Record<string, ChangeKind> {
    return Object.fromEntries(Object.keys(driftOf(outputs)).map((name) => [join("drift", name), "delete" as const]));
}

function without<T>(properties: Record<string, T>): Record<string, T> {
    return Object.fromEntries(Object.entries(properties).filter(([name]) => !NOT_HERE.includes(name)));
}
