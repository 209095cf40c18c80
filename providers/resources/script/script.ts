import { NOT_HERE, PARTS, scriptSchema } from "./schema.js";
import { driftChanges, driftSentences } from "../relay/compare.js";
import { type ChangeKind, type Context, type Produces, type Properties, UNKNOWN } from "../resource.js";
import type { Operation } from "../../audit/log.js";
import type { Receipt } from "../../hosts/receipt.js";
import {
    readScript,
    readScriptOutputs,
    type ReceiptMark,
    type ScriptChange,
    type ScriptOutputs,
    scriptPath,
    type ScriptOwnOutputs,
    type Served,
} from "./inputs.js";
import type { PlannedStep } from "../../../core/approval/step.js";
import { resolved } from "../wireguard/inputs.js";
import { known } from "../shape.js";
import { peersOf } from "../wireguard/peerChanges.js";
import { readDrift, storeDrift } from "../../../core/drift.js";
import { formatMark } from "../../../core/protocol/mark.js";
import { currentUser } from "../../audit/actor.js";
import { changesOf, join } from "../changes.js";
import { comparedBy } from "../effects.js";
import { mintId } from "../relay/target.js";
import { verifyRecord } from "../relay/verify.js";
import { createStep, deleteStep, sayBase, updateStep } from "../planned.js";
import { underAudit } from "../relay/underAudit.js";
import { proxyParts } from "../proxy/proxy.js";
import { proxyWarnings, renewals, withoutReissued } from "../proxy/sentences.js";
import { certificatesFor } from "./certificates.js";
import { isRenamed, renameRecords } from "../relay/rename.js";
import { bundlesOf, payloadOf, REMOVAL } from "./payload.js";
import { genuineReceipt, markOf, receiptFailures, receiptOf } from "./receipt.js";
import { receiptRecords } from "./records.js";
import { unreadableSentence, isNews, scriptSentences, servedOf } from "./sentences.js";
import { wireguardParts } from "../wireguard/wireguard.js";
import { recordedRegistry } from "../wireguard/history.js";
import { registryAfter, type RegistryEntry } from "../wireguard/registry.js";
import { digestOf, fileDrift, nextEdition, purpose, write } from "./write.js";

/**
 * A relay on a machine that nothing connects to: all that Host, Firewall, WireGuard, Proxy and Grants do elsewhere, in one
 * file to carry there. What is true of the relay is what its receipts say.
 */
export const script: Produces<ScriptOutputs> = {
    type: "Script",
    description: "A relay without remote access, as one signed script; its receipts report its state.",
    schema: scriptSchema,

    async check(news, olds, context) {
        const unfit = wireguardParts.unfit?.(news) ?? [];
        const inputs = readScript(news);
        const failures = [
            ...unfit,
            ...(wireguardParts.check?.(inputs, olds) ?? []),
            ...receiptFailures(inputs, olds, context),
        ];
        return { inputs: proxyParts.complete?.(news, olds) ?? news, failures };
    },

    async diff(_id, oldInputs, oldOutputs, news, context) {
        const change = changeOf(oldInputs, oldOutputs, news, context);
        const { before, inputs } = change;
        if (context.refreshing) {
            for (const sentence of driftSentences(inputs, readDrift(before.outputs.drift)))
                context.log("warning", sentence);
            return { changes: driftChanges(readDrift(before.outputs.drift)) };
        }
        await verifyRecord(inputs.audit, before.outputs.record, context);
        const changes = changesIn(change);
        for (const warning of proxyWarnings(change)) context.log("warning", warning);
        if (Object.keys(changes).length > 0) logEffects(change, changes);
        return { changes };
    },

    async create(news, context) {
        const change: ScriptChange = { inputs: readScript(news), context };
        if (context.preview) {
            for (const warning of proxyWarnings(change)) context.log("warning", warning);
            await sayBase(change.inputs.audit, context);
            logEffects(change, {});
            return { id: "", outputs: preview(change) };
        }
        const id = mintId();
        made.add(context.urn);
        return { id, outputs: await apply(id, change, createStep(context, news)) };
    },

    async update(id, oldInputs, oldOutputs, news, context) {
        const change = changeOf(oldInputs, oldOutputs, news, context);
        if (!context.preview) return apply(id, change, updateStep(context, news, oldOutputs));
        await sayBase(change.inputs.audit, context);
        return preview(change);
    },

    async read(id, given, state, context) {
        const [inputs, outputs] = [readScript(given), readScriptOutputs(state)];
        context.log("warning", unreadableSentence(inputs, outputs));
        return { id, inputs: given, outputs: { ...outputs, drift: storeDrift(fileDrift(inputs, outputs)) } };
    },

    async delete(id, inputs, outputs, context) {
        // A replacement has written its own script already.
        if (made.has(context.urn)) return;
        const change = { inputs: readScript(inputs), context };
        await writeRemoval(id, change, readScriptOutputs(outputs), deleteStep(context, outputs));
    },
};

function changeOf(
    oldInputs: Properties,
    oldOutputs: Properties,
    news: Properties,
    context: Context,
): ScriptChange & Required<Pick<ScriptChange, "before">> {
    const before = { inputs: readScript(oldInputs), outputs: readScriptOutputs(oldOutputs) };
    return { before, inputs: readScript(news), context };
}

async function writeRemoval(
    id: string,
    change: ScriptChange,
    outputs: ScriptOutputs,
    step: PlannedStep,
): Promise<void> {
    const { relay, audit } = change.inputs;
    const path = scriptPath(change.inputs);
    const message = `Write the script that removes relay ${relay}`;
    const applying = { step, sentences: () => [] };
    const announcement = { action: "script_apply", message, details: { relay, path }, applying };
    await underAudit(audit, outputs.record, announcement, async (operation) => {
        const edition = nextEdition(outputs);
        const sha256 = await write(id, change, REMOVAL, edition, formatMark(operation.mark), [
            `Removes relay ${relay}: interface, firewall table, proxy, keys and files.`,
        ]);
        await operation.success({
            message: `Wrote ${path}, which removes relay ${relay} when it is run there`,
            details: { relay, path, sha256, edition },
        });
    });
    change.context.log(
        "warning",
        `${relay}: it keeps running until ${path}, which now removes it, is run on its machine`,
    );
}

/** Made in this process: its delete is the second half of a replacement. */
const made = new Set<string>();

const COMPARED = [...new Set(PARTS.flatMap(comparedBy)), ...["host", "appName", "interface", "relayPublicKey"]].filter(
    (key) => !NOT_HERE.includes(key),
);

function changesIn(change: ScriptChange): Record<string, ChangeKind> {
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
        ...driftChanges(readDrift(before?.outputs.drift)),
    };
}

async function apply(id: string, change: ScriptChange, step: PlannedStep): Promise<Properties> {
    const { inputs, before } = change;
    const { relay, audit } = inputs;
    const { result, record } = await underAudit(
        audit,
        before?.outputs.record,
        {
            action: "script_apply",
            message: `Prepare the script of relay ${relay}`,
            details: { relay, path: scriptPath(inputs) },
            applying: { step, sentences: () => effectsIn(change, before === undefined ? {} : changesIn(change)) },
        },
        (operation) => prepare(id, change, operation),
    );
    return { ...result, drift: {}, record };
}

async function prepare(id: string, change: ScriptChange, operation: Operation): Promise<ScriptOwnOutputs> {
    const { inputs, before, context } = change;
    const { relay } = inputs;
    const path = scriptPath(inputs);
    const known: ScriptOutputs = before?.outputs ?? {};
    const receipt = genuineReceipt(inputs, known.receipt, context);
    const requests = receipt?.requests ?? known.requests ?? {};
    const certificates = await certificatesFor(change, requests);
    const authorities = Object.keys(resolved(inputs).authorities ?? {}).sort();
    const payload = await payloadOf(change, certificates);
    const outputs = {
        ...taken(change, receipt, known.registry ?? (await recordedRegistry(inputs))),
        certificates,
        requests,
        ...receiptMark(receipt, known),
    };
    for (const each of renameRecords(change)) await operation.record({ status: "success", ...each });
    if (receipt !== undefined && isNews(receipt, known)) {
        const was = { registry: known.registry ?? {}, served: known.served ?? {} };
        for (const each of receiptRecords(inputs, receipt, was, outputs))
            await operation.record({ status: "success", ...each });
    }
    const digest = digestOf(bundlesOf(change, payload, { id }));
    if (digest === known.payload && fileDrift(inputs, { ...known, ...outputs }).length === 0) {
        const details = { relay, path, sha256: known.sha256, authorities };
        await operation.success({ message: `Relay ${relay} needs no new script`, details });
        const { sha256, edition } = known;
        return {
            ...outputs,
            ...(sha256 === undefined ? {} : { sha256 }),
            ...(edition === undefined ? {} : { edition }),
            payload: digest,
        };
    }
    const edition = nextEdition(known);
    const sha256 = await write(id, change, payload, edition, formatMark(operation.mark), purpose(change));
    const peers = Object.keys(peersOf(inputs)).length;
    const services = Object.keys(certificates);
    const details = { relay, path, sha256, edition, peers, services, authorities };
    await operation.success({ message: `Wrote ${path} for relay ${relay}`, details });
    context.log(
        "info",
        `${relay}: wrote ${path} (SHA-256 ${sha256.slice(0, 16)}): verify and run it on the relay as its header says, then set its receipt`,
    );
    return { ...outputs, sha256, edition, payload: digest };
}

function receiptMark(receipt: Receipt | undefined, known: ScriptOutputs): { receipt?: ReceiptMark } {
    if (receipt !== undefined) return { receipt: markOf(receipt) };
    return known.receipt === undefined ? {} : { receipt: known.receipt };
}

/** What is true of the relay: what its receipt says, or the one before. */
function taken(
    change: ScriptChange,
    receipt: Receipt | undefined,
    past: Record<string, RegistryEntry>,
): { publicKey: string; registry: Record<string, RegistryEntry>; served: Served } {
    const { inputs, before } = change;
    const onWire = new Set(Object.keys(receipt?.peers ?? {}));
    const registry =
        receipt === undefined
            ? past
            : registryAfter(change, past, resolved(inputs), {
                  onWire,
                  cut: new Map(),
                  replaced: new Map(),
                  now: new Date().toISOString(),
                  by: currentUser(),
              });
    const served = servedOf(inputs, receipt, before?.outputs.served ?? {});
    return { publicKey: publicKeyAfter(change, receipt), registry, served };
}

function publicKeyAfter({ inputs, before }: ScriptChange, receipt: Receipt | undefined): string {
    return receipt?.publicKey ?? known(inputs.relayPublicKey) ?? before?.outputs.publicKey ?? "";
}

function preview(change: ScriptChange): Properties {
    const { before, inputs } = change;
    const receipt = receiptOf(inputs);
    return {
        ...before?.outputs,
        sha256: UNKNOWN,
        edition: UNKNOWN,
        payload: UNKNOWN,
        publicKey: publicKeyAfter(change, receipt),
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

function logEffects(change: ScriptChange, changes: Record<string, ChangeKind>): void {
    for (const sentence of effectsIn(change, changes)) change.context.log("info", sentence);
}

function effectsIn(change: ScriptChange, changes: Record<string, ChangeKind>): string[] {
    const drift = driftSentences(change.inputs, readDrift(change.before?.outputs.drift));
    return [...drift, ...scriptSentences(change, changes)];
}
